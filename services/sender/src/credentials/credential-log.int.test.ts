import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { natsTopology, type SessionId, sessionIdSchema, subjects, tenantIdSchema } from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  type Nats,
  type NatsServer,
  openBucket,
  readMessages,
  startNatsServer,
} from '@peyk/messaging'

import { CredentialsFencedError } from '../channel/channel.ts'
import { openCredentialLog } from './credential-log.ts'
import { parseMasterKeys } from './master-keys.ts'
import { createTenantKeys, type TenantKeys } from './tenant-keys.ts'

const masterKeys = parseMasterKeys(`test:${randomBytes(32).toString('base64')}`)!
const tenant = tenantIdSchema.parse('acme')
const text = (value: string) => Buffer.from(value)

let server: NatsServer
let nats: Nats
let keys: TenantKeys

beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
  keys = createTenantKeys(openBucket(nats, 'tenant_keys'), masterKeys)
})

afterAll(async () => {
  await nats.close()
  await server.dispose()
})

let sessions = 0
const newSession = (): SessionId => sessionIdSchema.parse(`wa_${String((sessions += 1)).padStart(20, '0')}`)

const open = (sessionId: SessionId, compactAboveBytes?: number) =>
  openCredentialLog({
    nats,
    publisher: createPublisher(nats),
    keys,
    tenant,
    sessionId,
    ...(compactAboveBytes === undefined ? {} : { compactAboveBytes }),
  })

const stored = async (sessionId: SessionId): Promise<Uint8Array[]> => {
  const messages: Uint8Array[] = []
  await readMessages(nats, {
    stream: 'WA_KEYS',
    filter: subjects.credentials(sessionId),
    from: 'all',
    onMessage: ({ data }) => void messages.push(data),
  })
  return messages
}

describe('the credentials of a session', () => {
  test('are read again by the next owner: the last write wins, null deletes', async () => {
    const sessionId = newSession()
    const log = await open(sessionId)
    expect(log.isEmpty).toBe(true)
    await log.write(new Map([['creds', text('one')]]))
    await log.write(
      new Map([
        ['creds', text('two')],
        ['session|989123456789', text('three')],
      ]),
    )
    await log.write(new Map([['session|989123456789', null]]))
    const next = await open(sessionId)
    expect(await next.read(['creds', 'session|989123456789', 'other'])).toEqual(
      new Map([['creds', text('two')]]),
    )
  })

  test('fence: after another process claimed the session, every write of the old owner is refused', async () => {
    const sessionId = newSession()
    const old = await open(sessionId)
    await old.write(new Map([['creds', text('old')]]))
    const owner = await open(sessionId)
    await expect(old.write(new Map([['creds', text('late')]]))).rejects.toThrow(CredentialsFencedError)
    await owner.write(new Map([['creds', text('new')]]))
    await expect(old.write(new Map([['creds', text('later')]]))).rejects.toThrow(CredentialsFencedError)
    await expect(old.wipe()).rejects.toThrow(CredentialsFencedError)
    expect(await (await open(sessionId)).read(['creds'])).toEqual(new Map([['creds', text('new')]]))
  })

  test('of two processes that open a log at the same time one stays the owner', async () => {
    const sessionId = newSession()
    const logs = await Promise.all([open(sessionId), open(sessionId)])
    const writes = await Promise.allSettled(logs.map((log) => log.write(new Map([['a', text('b')]]))))
    expect(writes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('writes at the same time are stored in their order', async () => {
    const sessionId = newSession()
    const log = await open(sessionId)
    await Promise.all(Array.from({ length: 50 }, (_, n) => log.write(new Map([['n', text(String(n))]]))))
    expect(await (await open(sessionId)).read(['n'])).toEqual(new Map([['n', text('49')]]))
  })

  test('wiped credentials are gone from the stream', async () => {
    const sessionId = newSession()
    const log = await open(sessionId)
    await log.write(new Map([['creds', text('secret')]]))
    await log.wipe()
    expect(await stored(sessionId)).toHaveLength(1)
    expect(await log.read(['creds'])).toEqual(new Map())
    expect((await open(sessionId)).isEmpty).toBe(true)
  })

  test('a long log is compacted, and holds the same records', async () => {
    const sessionId = newSession()
    const log = await open(sessionId, 4_000)
    for (let n = 0; n < 200; n += 1)
      await log.write(
        new Map([
          [`key-${n % 10}`, text(`value ${n}`)],
          ['creds', text(String(n))],
        ]),
      )
    expect((await stored(sessionId)).length).toBeLessThan(60)
    const next = await open(sessionId)
    const names = [...Array(10).keys()].map((n) => `key-${n}`)
    const values = [...(await next.read(names)).values()].map((value) => Buffer.from(value).toString())
    expect(values).toEqual(names.map((_, n) => `value ${190 + n}`))
    await next.write(new Map([['creds', null]]))
    expect(await (await open(sessionId)).read(['creds'])).toEqual(new Map())
  })

  test('nothing readable is in the stream or in the bucket of keys', async () => {
    const sessionId = newSession()
    const log = await open(sessionId)
    await log.write(new Map([['session|989121112233', text('a very private key')]]))
    const tenantKeys = await openBucket(nats, 'tenant_keys').entries()
    const dump = Buffer.concat([...(await stored(sessionId)), ...tenantKeys.map(({ value }) => value)])
    expect(tenantKeys).not.toHaveLength(0)
    expect(dump.includes('989121112233')).toBe(false)
    expect(dump.includes('private')).toBe(false)
  })

  test('a number is hashed alike in every process of the installation', async () => {
    const others = createTenantKeys(openBucket(nats, 'tenant_keys'), masterKeys)
    expect(await others.hashNumber('989121112233')).toBe(await keys.hashNumber('989121112233'))
    expect(await keys.hashNumber('989121112233')).not.toContain('9121112233')
  })
})
