// The accounts of NATS on a real server: what each user may do, and above all what not.
import { rm } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { natsTopology, type TenantId, tenantIdSchema } from '@peyk/contracts'
import {
  connectNats,
  createNkey,
  createPublisher,
  ensureConsumer,
  ensureStreams,
  type Nats,
  type NatsServer,
  type Nkey,
  startNatsServer,
  streamInfo,
} from '@peyk/messaging'
import { eventually } from '@peyk/testing'
import { connect, type NatsConnection, nkeyAuthenticator } from 'nats'

import { accountsText } from './src/accounts.ts'
import {
  API_PREFIX,
  durableDefinition,
  durableOf,
  type ExternalConsumer,
  subjectsOf,
} from './src/external-consumer.ts'
import { serviceNames, type ServiceName } from './src/permissions.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const acme = tenantIdSchema.parse('acme')
const other = tenantIdSchema.parse('other')

const operator = createNkey()
const services = Object.fromEntries(serviceNames.map((name) => [name, createNkey()])) as Record<
  ServiceName,
  Nkey
>
const external = (tenant: TenantId) => {
  const key = createNkey()
  const consumer: ExternalConsumer = { tenant, name: 'crm', publicKey: key.publicKey }
  return { key, consumer, durable: durableOf(consumer) }
}
const ours = external(acme)
const theirs = external(other)

let server: NatsServer
let nats: Nats
const open = new Map<string, Promise<NatsConnection>>()

const urlOf = ({ seed }: Nkey) => server.url.replace('//', `//nkey:${seed}@`)
/** One connection for each key: a handshake signs, which costs a second under load. */
const enter = ({ publicKey, seed }: Nkey, inboxPrefix: string): Promise<NatsConnection> => {
  const connection =
    open.get(publicKey) ??
    connect({
      servers: server.url,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
      inboxPrefix,
      noAsyncTraces: true,
    })
  open.set(publicKey, connection)
  return connection
}

beforeAll(async () => {
  server = await startNatsServer({
    configuration: accountsText({
      operator: operator.publicKey,
      system: createNkey().publicKey,
      services: Object.fromEntries(serviceNames.map((name) => [name, services[name].publicKey])) as Record<
        ServiceName,
        string
      >,
      consumers: [ours.consumer, theirs.consumer],
    }),
  })
  nats = await connectNats({ url: urlOf(operator), name: 'operator' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner', log })
  for (const { consumer } of [ours, theirs]) await ensureConsumer(nats, durableDefinition(consumer))
}, 60_000)
afterAll(async () => {
  for (const each of open.values())
    await each.then(
      (connection) => connection.close(),
      () => undefined,
    )
  await nats.close()
  await server.dispose()
  await rm(server.storeDir, { recursive: true, force: true })
})

const violation = /permissions violation/i

const refusedPublish = async (connection: NatsConnection, subject: string, body: object = {}) => {
  await expect(connection.request(subject, JSON.stringify(body), { timeout: 5_000 })).rejects.toThrow(
    violation,
  )
}

const refusedSubscribe = async (connection: NatsConnection, subject: string) => {
  const error = await new Promise<unknown>((resolve) => {
    connection.subscribe(subject, { callback: (problem) => resolve(problem) })
  })
  expect(String(error)).toMatch(violation)
}

const inOurs = (subject: string) => subject.replace(API_PREFIX, '$JS.API')

describe('a consumer of another service', () => {
  const { next, info, ack } = subjectsOf(ours.durable)
  let connection: NatsConnection
  beforeAll(async () => {
    connection = await enter(ours.key, `_INBOX.${ours.durable}`)
  })

  test('gets its own tenant’s events, acknowledges them, and sees how far it is', async () => {
    const publisher = createPublisher(nats)
    await publisher.publish('events.other.campaign.2.CampaignStarted', { of: 'other' })
    await publisher.publish('events.acme.campaign.1.CampaignStarted', { of: 'acme' })
    const message = await connection.request(next, JSON.stringify({ batch: 1, expires: 5e9 }), {
      timeout: 5_000,
      noMux: true,
      reply: `_INBOX.${ours.durable}.first`,
    })
    expect(message.json()).toEqual({ of: 'acme' })
    message.respond('+ACK')
    await eventually(async () => {
      const answer = await connection.request(info)
      const state = answer.json<{ num_ack_pending: number; ack_floor: { consumer_seq: number } }>()
      return state.num_ack_pending === 0 && state.ack_floor.consumer_seq === 1
    })
  })

  test.each([
    ['a consumer with another filter', '$JS.API.CONSUMER.CREATE.EVENTS'],
    ['a durable of its own', '$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine'],
    ['its durable with another filter', `$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.${ours.durable}`],
    ['a pull by JetStream’s usual name', inOurs(next)],
    ['a pull from another’s durable', subjectsOf(theirs.durable).next],
    ['a look at another’s durable', subjectsOf(theirs.durable).info],
    ['an ack for another’s durable', `$JS.ACK.EVENTS.${theirs.durable}.1.1.1.1.0`],
    ['a get by sequence', '$JS.API.STREAM.MSG.GET.EVENTS'],
    ['a direct get', '$JS.API.DIRECT.GET.EVENTS'],
    ['a look at the stream', '$JS.API.STREAM.INFO.EVENTS'],
    ['the names of streams', '$JS.API.STREAM.NAMES'],
    ['the names of consumers', '$JS.API.CONSUMER.NAMES.EVENTS'],
    ['deleting its durable', `$JS.API.CONSUMER.DELETE.EVENTS.${ours.durable}`],
    ['purging', '$JS.API.STREAM.PURGE.EVENTS'],
    ['an event', 'events.acme.campaign.1.CampaignStarted'],
    ['a job', 'dispatch.acme.1.wa'],
    ['a live message', 'live.acme.1.status_update'],
    ['a key', '$KV.runs.acme.1'],
    ['a question to a service', 'control.campaign.settle'],
    ['the system', '$SYS.REQ.SERVER.PING'],
  ])('cannot publish: %s', async (_what, subject) => {
    await refusedPublish(connection, subject)
  })

  test.each(['>', 'events.>', '_INBOX.>', `_INBOX.${theirs.durable}.>`, '$KV.>', 'live.>', '$JS.EVENT.>'])(
    'cannot subscribe %s',
    async (subject) => {
      await refusedSubscribe(connection, subject)
    },
  )

  test('cannot make the server deliver into a subject of ours: the answer stays in its account', async () => {
    const count = async () =>
      (await Promise.all(['DISPATCH', 'LIVE', 'EVENTS', 'AUDIT'].map((name) => streamInfo(nats, name)))).map(
        ({ messages }) => messages,
      )
    await createPublisher(nats).publish('events.acme.campaign.1.CampaignPaused', {})
    const before = await count()
    const spied: string[] = []
    const neighbour = await enter(theirs.key, `_INBOX.${theirs.durable}`)
    neighbour.subscribe(`_INBOX.${theirs.durable}.>`, {
      callback: (_error, { subject }) => spied.push(subject),
    })
    await neighbour.flush()
    for (const reply of [
      'dispatch.acme.1.wa',
      'live.other.2.status_update',
      'events.other.campaign.2.CampaignStarted',
      'audit.other',
      `_INBOX.${theirs.durable}.1`,
    ])
      connection.publish(next, JSON.stringify({ batch: 10, no_wait: true }), { reply })
    connection.publish(ack.replace('>', '1.1.1.1.0'), '+NXT', { reply: 'dispatch.acme.1.wa' })
    await connection.flush()
    // What was asked for before has been answered when this one is.
    const answer = await connection.request(next, JSON.stringify({ batch: 1, expires: 5e9 }), {
      timeout: 5_000,
      noMux: true,
      reply: `_INBOX.${ours.durable}.second`,
    })
    expect(answer.subject).toBe('events.acme.campaign.1.CampaignPaused')
    await neighbour.flush()
    expect(await count()).toEqual(before)
    expect(spied).toEqual([])
  })

  test('a stranger does not come in', async () => {
    await expect(enter(createNkey(), '_INBOX')).rejects.toThrow(/authorization/i)
  })
})

describe('services', () => {
  test.each<[ServiceName, string]>([
    ['campaign', '$JS.API.STREAM.DELETE.EVENTS'],
    ['campaign', 'intents.acme.1'],
    ['campaign', 'outcomes.acme.campaign.1.sent'],
    ['campaign', 'wakeys.wa_1'],
    ['sender', 'events.acme.campaign.1.CampaignStarted'],
    ['sender', 'dispatch.acme.1.wa'],
    ['sender', 'live.acme.1.campaign_update'],
    ['sender', '$KV.runs.acme.1'],
    ['sender', '$KV.sessions.acme.wa_1'],
    ['sender', '$KV.campaign_access.1'],
    ['sender', '$JS.API.STREAM.MSG.GET.EVENTS'],
    ['sender', '$JS.API.STREAM.CREATE.MINE'],
    ['gateway', '$JS.API.STREAM.MSG.GET.WA_KEYS'],
    ['gateway', '$JS.API.STREAM.MSG.GET.KV_runs'],
    ['gateway', '$JS.API.CONSUMER.CREATE.OUTCOMES'],
    ['gateway', '$JS.API.CONSUMER.MSG.NEXT.DISPATCH.x'],
    ['gateway', 'live.acme.1.status_update'],
    ['gateway', 'dispatch.acme.1.wa'],
    ['gateway', '$KV.campaign_access.1'],
    ['gateway', 'link.acme.wa_1'],
    ['reporting', '$JS.API.STREAM.MSG.GET.EVENTS'],
    ['reporting', 'dispatch.acme.1.wa'],
    ['reporting', '$KV.runs.acme.1'],
  ])('%s cannot publish %s', async (name, subject) => {
    await refusedPublish(await enter(services[name], `_INBOX.${name}`), subject)
  })

  test.each(serviceNames)('%s hears nobody else’s answers and no stream', async (name) => {
    const connection = await enter(services[name], `_INBOX.${name}`)
    const others = serviceNames.filter((each) => each !== name).map((each) => `_INBOX.${each}.>`)
    for (const subject of ['>', '_INBOX.>', ...others, 'wakeys.>', 'dispatch.>', '$KV.>'])
      await refusedSubscribe(connection, subject)
  })
})
