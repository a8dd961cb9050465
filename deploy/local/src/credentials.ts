// `npm run credentials -- list|new-key|rotate`: the master keys of the WhatsApp credentials.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { addCredentialsKey, readSecrets } from './data-folder.ts'
import { runningStack } from './running-stack.ts'

const HELP = `npm run credentials -- list|new-key|rotate [--nats URL] [--data DIR]

list      tells which master key wraps how many keys
new-key   puts a new master key first in the data folder; the next npm start takes it
rotate    wraps the keys of all tenants under the first master key, while sessions live

To replace a master key: put the new one first in CREDENTIALS_KEYS (locally: new-key), restart the senders, rotate, and
take out the old one when list does not name it any more. CREDENTIALS_KEYS in the environment goes before the data folder.`

const PROGRAM = join(import.meta.dirname, '../../../services/sender/src/credentials/main.ts')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nats: { type: 'string' },
    data: { type: 'string', default: '.peyk' },
    help: { type: 'boolean', default: false },
  },
})

/** The part that knows the keys belongs to the sender. */
const runProgram = async (what: string): Promise<void> => {
  const NATS_URL = values.nats ?? (await runningStack(values.data)).urls.nats
  const CREDENTIALS_KEYS =
    process.env['CREDENTIALS_KEYS'] ?? (await readSecrets(resolve(values.data))).credentialsKeys
  const environment = { ...process.env, NATS_URL, CREDENTIALS_KEYS }
  const child = spawn(process.execPath, [PROGRAM, what], { stdio: 'inherit', env: environment })
  const [code] = (await once(child, 'exit')) as [number | null]
  process.exitCode = code ?? 1
}

const run = async (what: string): Promise<void> => {
  if (what !== 'new-key') return runProgram(what)
  const id = await addCredentialsKey(resolve(values.data))
  console.log(`${id} is the first key now: restart Peyk, then npm run credentials -- rotate`)
}

const [what = ''] = positionals
if (values.help || !['list', 'new-key', 'rotate'].includes(what)) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await run(what)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
