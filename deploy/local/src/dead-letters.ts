// `npm run dead-letters -- list|show|retry|drop`: messages that could not be handled, for an operator to decide about.
import { parseArgs } from 'node:util'

import {
  connectNats,
  createPublisher,
  deadLetterHeaders,
  deleteMessage,
  messageAt,
  type Nats,
  readMessages,
  type StoredMessage,
} from '@peyk/messaging'
import { redactText } from '@peyk/service-kit'

import { runningStack } from './running-stack.ts'

const HELP = `npm run dead-letters -- list               what waits, one a line
npm run dead-letters -- show SEQUENCE      one message, with its reason
npm run dead-letters -- retry SEQUENCE     put it back where it came from
npm run dead-letters -- drop SEQUENCE      forget it

Options: --nats URL, --data DIR (default .peyk). Phone numbers are masked.`

const STREAM = 'DEAD_LETTERS'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nats: { type: 'string' },
    data: { type: 'string', default: '.peyk' },
    help: { type: 'boolean', default: false },
  },
})

const header = ({ headers }: StoredMessage, name: keyof typeof deadLetterHeaders): string =>
  headers[deadLetterHeaders[name]] ?? ''

const line = (message: StoredMessage): string =>
  [
    String(message.sequence).padEnd(8),
    message.storedAt.toISOString(),
    header(message, 'subject').padEnd(40),
    header(message, 'reason').padEnd(10),
    redactText(header(message, 'error')),
  ].join(' ')

const list = async (nats: Nats): Promise<void> => {
  let count = 0
  await readMessages(nats, {
    stream: STREAM,
    onMessage: (message) => {
      count += 1
      console.log(line(message))
    },
  })
  if (count === 0) console.log('there are none')
}

const found = async (nats: Nats, sequence: number): Promise<StoredMessage> => {
  const message = await messageAt(nats, STREAM, sequence)
  if (message === undefined) throw new Error(`there is no dead letter ${sequence}`)
  return message
}

const show = async (nats: Nats, sequence: number): Promise<void> => {
  const message = await found(nats, sequence)
  console.log(line(message))
  for (const [name, value] of Object.entries(message.headers)) console.log(`${name}: ${redactText(value)}`)
  console.log(redactText(Buffer.from(message.data).toString('utf8')))
}

/** Stored again first and deleted then: killed in between it waits in both places, and its reader acts once. */
const retry = async (nats: Nats, sequence: number): Promise<void> => {
  const message = await found(nats, sequence)
  const own = Object.entries(message.headers).filter(
    ([name]) => !name.startsWith('Nats-') && !Object.values<string>(deadLetterHeaders).includes(name),
  )
  await createPublisher(nats).publish(header(message, 'subject'), message.data, {
    id: `retry:${sequence}:${message.storedAt.getTime()}`,
    headers: Object.fromEntries(own),
  })
  await deleteMessage(nats, STREAM, sequence)
  console.log(`${sequence} is back on ${header(message, 'subject')}`)
}

const drop = async (nats: Nats, sequence: number): Promise<void> => {
  await found(nats, sequence)
  await deleteMessage(nats, STREAM, sequence)
  console.log(`${sequence} is dropped`)
}

const commands = new Map([
  ['list', list],
  ['show', show],
  ['retry', retry],
  ['drop', drop],
])
const [what = '', which = ''] = positionals
const command = commands.get(what)
const isKnown = command !== undefined && (what === 'list' || /^[1-9]\d*$/.test(which))

if (values.help || !isKnown) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    const nats = await connectNats({
      url: values.nats ?? (await runningStack(values.data)).urls.nats,
      name: 'operator',
    })
    try {
      await command(nats, Number(which))
    } finally {
      await nats.close()
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
