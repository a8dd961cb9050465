// The same with publish and subscribe alone, as it can be written in any language that has a client of NATS.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'

import { connect, Events, nkeyAuthenticator } from 'nats'

const { NATS_URL = '', NATS_SEED = '', DURABLE = '', HANDLED = 'handled.txt' } = process.env
const handled = new Set(existsSync(HANDLED) ? readFileSync(HANDLED, 'utf8').split('\n') : [])

const connection = await connect({
  servers: NATS_URL,
  authenticator: nkeyAuthenticator(new TextEncoder().encode(NATS_SEED)),
  maxReconnectAttempts: -1,
})
const inbox = `_INBOX.${DURABLE}.${process.pid}`
const answers = connection.subscribe(inbox)
/** One message, or a status after 30 seconds without one. */
const ask = () =>
  connection.publish(
    `PEYK.API.CONSUMER.MSG.NEXT.EVENTS.${DURABLE}`,
    JSON.stringify({ batch: 1, expires: 30_000_000_000 }),
    { reply: inbox },
  )

ask()
// Nobody answers a question that was open when the connection was lost.
const askAgain = async () => {
  for await (const { type } of connection.status()) if (type === Events.Reconnect) ask()
}
void askAgain()
for await (const message of answers) {
  if (!message.reply) {
    // A status: nothing came, or too many questions are open.
    setTimeout(ask, 1_000)
    continue
  }
  const header = (name: string) => message.headers?.get(name) ?? ''
  const id = header('ce-id')
  if (!handled.has(id)) {
    process.stdout.write(`${header('ce-type')} ${header('ce-source')} ${id}\n`)
    appendFileSync(HANDLED, `${id}\n`)
    handled.add(id)
  }
  message.respond('+ACK')
  ask()
}
