// The command that rotates the master key, as a process, while a session lives.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { natsTopology, sessionIdSchema, tenantIdSchema } from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  type Nats,
  type NatsServer,
  openBucket,
  startNatsServer,
} from '@peyk/messaging'

import { openCredentialLog } from './credential-log.ts'
import { parseMasterKeys } from './master-keys.ts'
import { createTenantKeys } from './tenant-keys.ts'

const [older, newer] = ['older', 'newer'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [
  string,
  string,
]
const tenant = tenantIdSchema.parse('acme')
const sessionId = sessionIdSchema.parse('wa_00000000000000000001')
const record = (text: string) => new Map([['creds', Buffer.from(text)]])

let server: NatsServer
let nats: Nats

beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
})
afterAll(async () => {
  await nats.close()
  await server.dispose()
})

/** What a sender process has that was given these master keys. */
const openWith = (keysText: string) => {
  const keys = createTenantKeys(openBucket(nats, 'tenant_keys'), parseMasterKeys(keysText)!)
  return openCredentialLog({ nats, publisher: createPublisher(nats), keys, tenant, sessionId })
}
const run = async (what: string, CREDENTIALS_KEYS: string) => {
  const env = { NATS_URL: server.url, CREDENTIALS_KEYS }
  return promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), what], { env })
}

test('the session of a running sender goes on; then the old master key is of no more use', async () => {
  const live = await openWith(older)
  await live.write(record('before'))
  const { stdout } = await run('rotate', `${newer},${older}`)
  expect(stdout).toContain('1 keys are now wrapped under newer')
  expect(stdout).not.toContain('older wraps')
  expect(stdout).not.toContain(newer.split(':')[1])
  await live.write(record('after'))
  expect(Buffer.from((await live.read(['creds'])).get('creds')!).toString()).toBe('after')

  const next = await openWith(newer)
  expect(Buffer.from((await next.read(['creds'])).get('creds')!).toString()).toBe('after')
  await expect(openWith(older)).rejects.toThrow('CREDENTIALS_KEYS has no key newer')
  expect((await run('rotate', newer)).stdout).toContain('0 keys are now wrapped under newer')
}, 60_000)

test('without the key that wraps it nothing is changed', async () => {
  await expect(run('rotate', older)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('CREDENTIALS_KEYS has no key newer'),
  })
  expect((await run('list', newer)).stdout).toBe('newer wraps 1 keys\n')
}, 60_000)
