// `npm run token`: a token for the local stack, alone on the last line.
import { resolve } from 'node:path'

import { roleSchema, tenantIdSchema, userIdSchema } from '@peyk/contracts'
import { SignJWT } from 'jose'

import { readCommandLine } from './command-line.ts'
import { readSecrets } from './data-folder.ts'

const HELP = `npm run token -- --tenant T --user U --role member|viewer|operator|admin [--campaign N ...] [--ttl 1h] [--data DIR]`

const { values } = readCommandLine(
  {
    options: {
      tenant: { type: 'string' },
      user: { type: 'string' },
      role: { type: 'string', multiple: true },
      campaign: { type: 'string', multiple: true },
      ttl: { type: 'string', default: '1h' },
      data: { type: 'string', default: '.peyk' },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

const make = async (): Promise<string> => {
  const tenant = tenantIdSchema.parse(values.tenant)
  const user = userIdSchema.parse(values.user)
  const roles = (values.role ?? []).map((role) => roleSchema.parse(role))
  if (roles.length === 0) throw new Error(HELP)
  const { jwtSecret } = await readSecrets(resolve(values.data))
  const claims = {
    tenant,
    roles,
    ...(values.campaign === undefined ? {} : { campaigns: values.campaign.map(Number) }),
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(values.ttl)
    .sign(new TextEncoder().encode(jwtSecret))
}

if (values.help || values.tenant === undefined || values.user === undefined) {
  console.error(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  console.log(await make())
}
