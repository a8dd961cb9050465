// The folder of an operator: a seed for each user (mode 600), the external consumers, and the accounts made of both.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { createNkey, publicKeyOf } from '@peyk/messaging'
import { z } from 'zod'

import { accountsText } from './accounts.ts'
import { hasCode } from './error-code.ts'
import { type ExternalConsumer, externalConsumerSchema } from './external-consumer.ts'

const CONSUMERS = 'consumers.json'
/** In a folder of its own: servers are given that, and no seed. */
const ACCOUNTS = 'server/accounts.conf'

export type UserName = 'operator' | 'system' | 'campaign' | 'sender' | 'gateway' | 'reporting'

/** The seed of a user, made when it is asked for first. */
export const seedOf = async (folder: string, name: UserName): Promise<string> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${name}.seed`)
  try {
    await writeFile(file, `${createNkey().seed}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

export const readConsumers = async (folder: string): Promise<readonly ExternalConsumer[]> => {
  try {
    return z.array(externalConsumerSchema).parse(JSON.parse(await readFile(join(folder, CONSUMERS), 'utf8')))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

export const writeConsumers = (folder: string, consumers: readonly ExternalConsumer[]): Promise<void> =>
  replaceFile(join(folder, CONSUMERS), `${JSON.stringify(consumers, undefined, 2)}\n`)

/** Writes the accounts of everybody who has a key here, and tells where. */
export const writeAccounts = async (folder: string): Promise<string> => {
  const key = async (name: UserName) => publicKeyOf(await seedOf(folder, name))
  const text = accountsText({
    operator: await key('operator'),
    system: await key('system'),
    services: {
      campaign: await key('campaign'),
      sender: await key('sender'),
      gateway: await key('gateway'),
      reporting: await key('reporting'),
    },
    consumers: await readConsumers(folder),
  })
  const file = join(folder, ACCOUNTS)
  await mkdir(dirname(file), { recursive: true })
  await replaceFile(file, text)
  return file
}

/** Whole or not at all: a server may read it at any time. */
const replaceFile = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}
