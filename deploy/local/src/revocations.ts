// `npm run revocations -- user|access|token|list|lift`: takes back who may watch, for an operator.
import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'

import { campaignIdTextSchema, keys, tenantIdSchema, userIdSchema } from '@peyk/contracts'
import { type Bucket, connectNats, openBucket } from '@peyk/messaging'

import { readCommandLine } from './command-line.ts'
import { runningStack } from './running-stack.ts'

const HELP = `npm run revocations -- user TENANT USER       all live feeds of a user
npm run revocations -- access CAMPAIGN USER  a user's live feed of one campaign
npm run revocations -- token JTI             all that one token opens; - reads a token from the standard input
npm run revocations -- list                  what is taken back, and since when
npm run revocations -- lift KEY              gives back what list shows

Options: --nats URL, --data DIR (default .peyk). Whoever is connected is closed with 4403 within 5 s. An entry lasts 30 days:
a user who shall stay out must get no new token either.`

const { values, positionals } = readCommandLine(
  {
    allowPositionals: true,
    options: {
      nats: { type: 'string' },
      data: { type: 'string', default: '.peyk' },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

const hashOf = (given: string): string => createHash('sha256').update(given).digest('hex')

/** The gateway knows a token by its `jti`, else by itself. On a command line it would stay in the shell's history. */
const tokenKey = async (given: string): Promise<string> => {
  if (given !== '-') return keys.revokedToken(hashOf(given))
  const token = (await text(process.stdin)).trim()
  return keys.revokedToken(hashOf(idIn(token) ?? token))
}

const idIn = (token: string): string | undefined => {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const id: unknown = typeof claims === 'object' && claims !== null ? Reflect.get(claims, 'jti') : undefined
    return typeof id === 'string' ? id : undefined
  } catch {
    throw new Error('what stands in the standard input is no token')
  }
}

const takeBack = async (bucket: Bucket, key: string): Promise<void> => {
  await bucket.put(key, {})
  console.log(`taken back: ${key}`)
}

const list = async (bucket: Bucket): Promise<void> => {
  const entries = await bucket.entries()
  for (const { key, storedAt } of entries) console.log(`${storedAt.toISOString()} ${key}`)
  if (entries.length === 0) console.log('nothing is taken back')
}

const lift = async (bucket: Bucket, key: string): Promise<void> => {
  if ((await bucket.get(key)) === undefined) throw new Error(`${key} is not taken back`)
  await bucket.delete(key)
  console.log(`given back: ${key}`)
}

type Command = (bucket: Bucket, first: string, second: string) => Promise<void>

/** Each with the number of its arguments. */
const commands = new Map<string, readonly [number, Command]>([
  [
    'user',
    [
      2,
      (bucket, tenant, user) =>
        takeBack(bucket, keys.revokedUser(tenantIdSchema.parse(tenant), hashOf(userIdSchema.parse(user)))),
    ],
  ],
  [
    'access',
    [
      2,
      (bucket, campaign, user) =>
        takeBack(
          bucket,
          keys.revokedAccess(campaignIdTextSchema.parse(campaign), hashOf(userIdSchema.parse(user))),
        ),
    ],
  ],
  ['token', [1, async (bucket, given) => takeBack(bucket, await tokenKey(given))]],
  ['list', [0, list]],
  ['lift', [1, lift]],
])

const [what = '', ...args] = positionals
const [count, command] = commands.get(what) ?? []

if (values.help || command === undefined || args.length !== count) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    const url = values.nats ?? (await runningStack(values.data)).urls.nats
    const nats = await connectNats({ url, name: 'operator' })
    try {
      const [first = '', second = ''] = args
      await command(openBucket(nats, 'revocations'), first, second)
    } finally {
      await nats.close()
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
