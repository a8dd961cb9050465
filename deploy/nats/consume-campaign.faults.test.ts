// A service of somebody else beside a real campaign: every service with the least that it may do, and a consumer that an
// operator made with `npm run consumers`, as docs/consuming-events.md tells.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  connectNats,
  consumerBacklog,
  type Nats,
  type NatsServer,
  readMessages,
  startNatsServer,
} from '@peyk/messaging'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'
import { connect, nkeyAuthenticator } from 'nats'

import { startTestStack, type TestStack } from '../local/e2e/fixture.ts'
import { command, completion, prepareCampaign } from '../local/e2e/run-campaign.ts'
import { seedOf, writeAccounts } from './src/credentials.ts'
import { serviceNames } from './src/permissions.ts'

const ROOT = join(import.meta.dirname, '../..')

let folder: TemporaryFolder
let server: NatsServer
let stack: TestStack
let nats: Nats
let consumer: ChildProcess | undefined

const asUser = (seed: string) => server.url.replace('//', `//nkey:${seed}@`)
const accounts = async () => readFile(await writeAccounts(folder.path), 'utf8')

beforeAll(async () => {
  folder = await temporaryFolder('peyk-consumer-')
  server = await startNatsServer({ configuration: await accounts() })
  const urls = new Map<string, string>()
  for (const name of serviceNames) urls.set(name, asUser(await seedOf(folder.path, name)))
  const operator = asUser(await seedOf(folder.path, 'operator'))
  const environmentOf = (name: string) => ({ NATS_URL: urls.get(name) ?? '' })
  stack = await startTestStack({}, { natsUrl: operator, environmentOf })
  nats = await connectNats({ url: operator, name: 'operator' })
}, 120_000)
afterAll(async () => {
  consumer?.kill('SIGKILL')
  await nats.close()
  await stack[Symbol.asyncDispose]()
  await server.dispose()
  await folder.remove()
}, 60_000)

/** The operator's own command; answers the durable and the seed that it prints. */
const addConsumer = async (name: string): Promise<{ readonly durable: string; readonly seed: string }> => {
  const url = asUser(await seedOf(folder.path, 'operator'))
  const added = spawn(process.execPath, [
    ...[join(ROOT, 'deploy/nats/src/consumers.ts'), 'add', '--tenant', 'local', '--name', name],
    ...['--out', folder.path, '--nats', url],
  ])
  const lines = (await text(added.stdout)).trim().split('\n')
  // The first makes the account, the second what it imports.
  for (let times = 0; times < 2; times += 1) await server.reload(await accounts())
  const durable = lines.find((line) => line.startsWith('durable: '))?.slice('durable: '.length) ?? ''
  return { durable, seed: lines.at(-1) ?? '' }
}

const HANDLED = 'handled.txt'
const handled = async (): Promise<readonly string[]> =>
  (await readFile(join(folder.path, HANDLED), 'utf8')).trim().split('\n')

const startConsumer = (durable: string, seed: string, onLine: () => void) => {
  consumer = spawn(process.execPath, [join(ROOT, 'examples/consume-events/consumer.ts')], {
    env: {
      ...process.env,
      NATS_URL: server.url,
      NATS_SEED: seed,
      DURABLE: durable,
      HANDLED: join(folder.path, HANDLED),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (consumer.stdout !== null) createInterface({ input: consumer.stdout }).on('line', onLine)
  return consumer
}

/** The ids of all that EVENTS holds of a tenant, as its operator reads it. */
const published = async (tenant: string): Promise<readonly string[]> => {
  const ids: string[] = []
  await readMessages(nats, {
    stream: 'EVENTS',
    filter: `events.${tenant}.campaign.*.*`,
    from: 'all',
    signal: AbortSignal.timeout(20_000),
    onMessage: ({ headers }) => void ids.push(headers['ce-id'] ?? ''),
  })
  return ids
}

test('a consumer of another service gets each event of its tenant’s campaigns once, also when it is killed', async () => {
  const stranger = await stack.token('other', '7', 'admin')
  const theirs = await prepareCampaign(stack, {
    token: stranger,
    user: '7',
    csv: 'phone,name\n09120000011,A\n',
  })
  await command(stack, theirs.id, 'start', stranger)
  const { durable, seed } = await addConsumer('crm')
  const { id, live } = await prepareCampaign(stack)
  let lines = 0
  const first = startConsumer(durable, seed, () => (lines += 1))
  await command(stack, id, 'start')

  await eventually(() => lines > 10 && (live.newest('progress_update')?.progress.sent ?? 0) > 10, {
    deadlineMs: 40_000,
    what: 'a consumer in the middle of the campaign',
  })
  const gone = once(first, 'exit')
  first.kill('SIGKILL')
  await gone
  expect(live.newest('completion_update')).toBeUndefined()
  startConsumer(durable, seed, () => (lines += 1))
  await completion(live)
  live.close()
  theirs.live.close()

  await eventually(
    async () => {
      const { pending, unacknowledged } = (await consumerBacklog(nats, 'EVENTS', durable)) ?? {}
      return pending === 0 && unacknowledged === 0
    },
    { deadlineMs: 60_000, what: 'every event to be handled' },
  )
  const ours = await published('local')
  expect(ours.length).toBeGreaterThan(50)
  expect((await published('other')).length).toBeGreaterThan(3)
  expect([...(await handled())].sort()).toEqual([...ours].sort())
  const serverLog = await readFile(join(server.storeDir, 'nats-server.log'), 'utf8')
  expect(serverLog.match(/.* Violation .*/g)).toBeNull()
}, 180_000)

test('it can publish no event, and read neither another durable nor the streams themselves', async () => {
  const { seed } = await addConsumer('curious')
  const connection = await connect({
    servers: server.url,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    inboxPrefix: '_INBOX.external=local=curious',
    noAsyncTraces: true,
  })
  for (const subject of [
    'events.local.campaign.1.CampaignStarted',
    'PEYK.API.CONSUMER.MSG.NEXT.EVENTS.external=local=crm',
    '$JS.API.STREAM.MSG.GET.EVENTS',
    '$JS.API.CONSUMER.CREATE.EVENTS',
  ])
    await expect(connection.request(subject, '{}', { timeout: 5_000 })).rejects.toThrow(
      /permissions violation/i,
    )
  await connection.close()
}, 60_000)
