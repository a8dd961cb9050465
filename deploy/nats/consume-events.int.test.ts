// The examples of docs/consuming-events.md as processes of their own, with the user that an operator made for them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { natsTopology, tenantIdSchema } from '@peyk/contracts'
import {
  connectNats,
  consumerBacklog,
  createNkey,
  createPublisher,
  ensureConsumer,
  ensureStreams,
  type Nats,
  type NatsServer,
  startNatsServer,
} from '@peyk/messaging'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { accountsText } from './src/accounts.ts'
import { durableDefinition, durableOf } from './src/external-consumer.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const tenant = tenantIdSchema.parse('acme')
const operator = createNkey()
const examples = ['consumer.ts', 'plain.ts'].map((file) => {
  const key = createNkey()
  const consumer = { tenant, name: file.split('.')[0] ?? '', publicKey: key.publicKey }
  return { file, key, consumer, durable: durableOf(consumer) }
})
const EVENTS = 40

let server: NatsServer
let nats: Nats
let folder: TemporaryFolder
let child: ChildProcess | undefined

beforeAll(async () => {
  const stranger = () => createNkey().publicKey
  server = await startNatsServer({
    configuration: accountsText({
      operator: operator.publicKey,
      system: stranger(),
      services: { campaign: stranger(), sender: stranger(), gateway: stranger(), reporting: stranger() },
      consumers: examples.map(({ consumer }) => consumer),
    }),
  })
  folder = await temporaryFolder('peyk-consumers-')
  nats = await connectNats({ url: server.url.replace('//', `//nkey:${operator.seed}@`), name: 'operator' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner', log })
  for (const { consumer } of examples)
    await ensureConsumer(nats, { ...durableDefinition(consumer), ackWaitMs: 1_000 })
  const publisher = createPublisher(nats)
  for (let index = 0; index < EVENTS; index += 1)
    for (const owner of ['acme', 'other'])
      await publisher.publish(
        `events.${owner}.campaign.1.OutcomesRecorded`,
        { index },
        {
          id: `${owner}-${index}`,
          headers: {
            'ce-id': `${owner}-${index}`,
            'ce-type': 'peyk.OutcomesRecorded',
            'ce-source': '/campaigns/1',
            'ce-time': new Date().toISOString(),
          },
        },
      )
}, 60_000)
afterEach(() => void child?.kill('SIGKILL'))
afterAll(async () => {
  await nats.close()
  await server.dispose()
  await folder.remove()
})

const start = (file: string, seed: string, durable: string, lines: string[]): ChildProcess => {
  const started = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../examples/consume-events', file)],
    {
      env: {
        ...process.env,
        NATS_URL: server.url,
        NATS_SEED: seed,
        DURABLE: durable,
        HANDLED: join(folder.path, file),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  createInterface({ input: started.stdout }).on('line', (line) => lines.push(line))
  return started
}

test.each(examples)(
  '$file gets each event of its tenant once, also when it is killed in between',
  async ({ file, key, durable }) => {
    const lines: string[] = []
    child = start(file, key.seed, durable, lines)
    await eventually(() => lines.length > 3, { deadlineMs: 20_000, what: 'the first events' })
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    child = start(file, key.seed, durable, lines)
    await eventually(
      async () => {
        const { pending, unacknowledged } = (await consumerBacklog(nats, 'EVENTS', durable)) ?? {}
        return pending === 0 && unacknowledged === 0
      },
      { deadlineMs: 40_000, what: 'every event to be handled' },
    )
    const ids = Array.from({ length: EVENTS }, (_, index) => `acme-${index}`).sort()
    const handled = (await readFile(join(folder.path, file), 'utf8')).trim().split('\n')
    expect(handled.sort()).toEqual(ids)
    await eventually(() => new Set(lines).size === EVENTS, { what: 'the last line' })
  },
  90_000,
)
