// Reads the events of a tenant's campaigns from NATS with the JetStream client: npm install nats
// NATS_URL=tls://host:4222 NATS_SEED=SU... DURABLE=external=acme=crm HANDLED=handled.txt node consumer.ts
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

import { AckPolicy, connect, nkeyAuthenticator } from 'nats'

interface CampaignEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly time: string
  readonly data: Readonly<Record<string, unknown>>
}

const { NATS_URL = '', NATS_SEED = '', DURABLE = '', HANDLED = 'handled.txt' } = process.env
/** A message may come twice: what was handled is remembered by its id, in the same place as the work. */
const handled = new Set(existsSync(HANDLED) ? readFileSync(HANDLED, 'utf8').split('\n') : [])

const handle = (event: CampaignEvent): void => {
  process.stdout.write(`${event.type} ${event.source} ${event.id}\n`)
}

const connection = await connect({
  servers: NATS_URL,
  authenticator: nkeyAuthenticator(new TextEncoder().encode(NATS_SEED)),
  inboxPrefix: `_INBOX.${DURABLE}`,
  maxReconnectAttempts: -1,
})
const consumer = await connection.jetstream({ apiPrefix: 'PEYK.API' }).consumers.get('EVENTS', DURABLE)
if ((await consumer.info()).config.ack_policy !== AckPolicy.Explicit) throw new Error('not a durable of Peyk')
for await (const message of await consumer.consume({ max_messages: 100 })) {
  const header = (name: string) => message.headers?.get(name) ?? ''
  const id = header('ce-id')
  if (!handled.has(id)) {
    handle({
      id,
      type: header('ce-type'),
      source: header('ce-source'),
      time: header('ce-time'),
      data: message.json(),
    })
    appendFileSync(HANDLED, `${id}\n`)
    handled.add(id)
  }
  message.ack()
}
