// What is left behind by a campaign from its QR to a STOP: no key, no phone number and no QR in anything that is stored
// or logged.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { natsTopology, type SessionId } from '@peyk/contracts'
import { createPublisher, nextMessageOf, openBucket, type StoredMessage } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import { openCredentialLog } from './credentials/credential-log.ts'
import { parseMasterKeys } from './credentials/master-keys.ts'
import { createTenantKeys } from './credentials/tenant-keys.ts'
import { phoneOf, startRun } from './testing/campaign-side.ts'
import { type Installation, range, startInstallation } from './testing/installation.ts'
import { CREDENTIALS_KEYS, tenant, type World } from './testing/world.ts'

const RECIPIENTS = 20
/** Their payload is the tenant's own (texts, numbers of jobs) and ends with the work: only the rest must say nothing. */
const OWN_PAYLOAD = ['EVENTS', 'DISPATCH', 'LIVE', 'AUDIT', 'DEAD_LETTERS']

let peyk: Installation

beforeAll(async () => {
  peyk = await startInstallation()
}, 60_000)
afterAll(async () => {
  await peyk.reset()
  await peyk.close()
}, 60_000)

/** One by one, as a work queue has no other reader than its own. */
async function* everyMessage({ nats }: World, stream: string): AsyncIterable<StoredMessage> {
  for (let sequence = 1; ;) {
    const message = await nextMessageOf(nats, stream, '>', sequence)
    if (message === undefined) return
    yield message
    sequence = message.sequence + 1
  }
}

/** All that NATS holds: subjects and headers of everything, and the payload of what nobody but us reads. */
const dumpOf = async (world: World): Promise<string> => {
  const { streams, buckets } = natsTopology(1)
  const names = [...streams.map(({ name }) => name), ...buckets.map(({ name }) => `KV_${name}`)]
  const parts: string[] = []
  for (const name of names)
    for await (const { subject, headers, data } of everyMessage(world, name)) {
      parts.push(`${name} ${subject} ${JSON.stringify(headers)}`)
      if (!OWN_PAYLOAD.includes(name)) parts.push(Buffer.from(data).toString('latin1'))
    }
  return parts.join('\n')
}

/** The credentials of a session, as its owner reads them. */
const credentialsOf = async ({ nats }: World, sessionId: SessionId): Promise<string> => {
  const masterKeys = parseMasterKeys(CREDENTIALS_KEYS)
  if (masterKeys === undefined) throw new Error('no master keys')
  const keys = createTenantKeys(openBucket(nats, 'tenant_keys'), masterKeys)
  const log = await openCredentialLog({ nats, publisher: createPublisher(nats), keys, tenant, sessionId })
  return Buffer.from((await log.read(['creds'])).get('creds') ?? []).toString('utf8')
}

/** The keys in the credentials, in every form in which they might stand somewhere. */
const keysIn = (credentials: string): string[] =>
  [...credentials.matchAll(/"([A-Za-z0-9+/]{40,}={0,2})"/g)].flatMap(([, base64 = '']) => {
    const bytes = Buffer.from(base64, 'base64')
    return [base64, bytes.toString('hex'), bytes.toString('latin1'), bytes.toString('base64url')]
  })

test('no key, no phone number and no QR is in what is stored, nor in what was logged', async () => {
  await peyk.startSender()
  const { sessionId, own } = await peyk.link()
  const run = await startRun(peyk.world, sessionId)
  await run.publish(range(1, RECIPIENTS))
  await eventually(async () => (await run.outcomes()).length === RECIPIENTS, { deadlineMs: 30_000 })
  await peyk.control.reply({ from: phoneOf(1), to: own, text: 'STOP' })
  await eventually(async () => (await peyk.told(sessionId, 'receipt')) > 0)
  await eventually(async () => (await run.backlog()) === 0)
  const dump = await dumpOf(peyk.world)
  await peyk.reset()

  const credentials = await credentialsOf(peyk.world, sessionId)
  const keys = keysIn(credentials)
  expect(credentials).toContain(own)
  expect(keys.length).toBeGreaterThan(20)
  expect(dump).toContain(sessionId)
  const everything = [dump, ...peyk.logged].join('\n')
  expect(everything).toContain('session_linked')
  expect(keys.filter((key) => everything.includes(key))).toEqual([])
  const numbers = [own, ...range(1, RECIPIENTS).map((position) => phoneOf(position))]
  expect(numbers.filter((number) => everything.includes(number.slice(2)))).toEqual([])
  expect(everything).not.toMatch(/wa\.me|data:image/)
}, 180_000)
