// What the containers are not to have in a file of the repository: keys, made once, readable by their owner alone.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { seedOf, writeAccounts } from '../../nats/src/credentials.ts'
import { hasCode } from '../../nats/src/error-code.ts'
import { type ServiceName, serviceNames } from '../../nats/src/permissions.ts'

const NODES = ['nats-1', 'nats-2', 'nats-3']

/** Makes what is missing in the folder; what is there stays. */
export const makeSecrets = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const nats = join(folder, 'nats')
  await writeAccounts(nats)
  const jwtSecret = await once(join(folder, 'jwt-secret'), () => randomBytes(48).toString('base64url'))
  const credentialsKeys = await once(
    join(folder, 'credentials-keys'),
    () => `k1:${randomBytes(32).toString('base64')}`,
  )
  for (const name of serviceNames) {
    const seed = await seedOf(nats, name)
    const url = NODES.map((node) => `nats://nkey:${seed}@${node}:4222`).join(',')
    const lines = {
      ...own(name, jwtSecret, credentialsKeys),
      ...(name === 'reporting' ? {} : { NATS_URL: url }),
    }
    await writeEnvironment(join(folder, `${name}.env`), lines)
  }
  const password = await once(join(folder, 'grafana-password'), () => randomBytes(12).toString('base64url'))
  await writeEnvironment(join(folder, 'grafana.env'), { GF_SECURITY_ADMIN_PASSWORD: password })
}

const own = (name: ServiceName, jwtSecret: string, credentialsKeys: string): Record<string, string> =>
  name === 'sender' ? { CREDENTIALS_KEYS: credentialsKeys } : { JWT_SECRET: jwtSecret }

const once = async (file: string, make: () => string): Promise<string> => {
  try {
    await writeFile(file, make(), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
  return readFile(file, 'utf8')
}

const writeEnvironment = (file: string, lines: Readonly<Record<string, string>>): Promise<void> =>
  writeFile(
    file,
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  )
