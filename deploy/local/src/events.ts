// `npm run events -- list|show|stream`: the history of campaigns in plain form. Recipients' data stays hidden.

import { connectEventStore, type EventStore, type RecordedEvent, StreamNotFound } from '@peyk/event-sourcing'

import { readCommandLine } from './command-line.ts'
import { runningStack } from './running-stack.ts'

const HELP = `npm run events -- list [--limit N]       the newest events of all streams
npm run events -- stream NAME            the events of a stream, one a line
npm run events -- show NAME REVISION     one event, whole

Options: --eventstore URL, --data DIR (default .peyk). Recipients are counted, not shown.`

const { values, positionals } = readCommandLine(
  {
    allowPositionals: true,
    options: {
      eventstore: { type: 'string' },
      data: { type: 'string', default: '.peyk' },
      limit: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

/** Numbers, names and keys stay out of terminals and their logs. */
const plainData = ({ data }: RecordedEvent): object => {
  const fields = Object.entries(typeof data === 'object' && data !== null ? data : {})
  return Object.fromEntries(
    fields
      .filter(([key]) => key !== 'runKey' && key !== 'key')
      .map(([key, value]) => [
        key,
        key === 'recipients' && Array.isArray(value) ? `${value.length} recipients` : value,
      ]),
  )
}

const occurredAt = ({ metadata }: RecordedEvent): string =>
  typeof metadata['occurredAt'] === 'string' ? metadata['occurredAt'] : ''

const line = (event: RecordedEvent): string =>
  [
    occurredAt(event).padEnd(24),
    `${event.streamName}@${event.revision}`.padEnd(36),
    event.type.padEnd(24),
    JSON.stringify(plainData(event)).slice(0, 120),
  ].join(' ')

const list = async (store: EventStore): Promise<void> => {
  const events: RecordedEvent[] = []
  for await (const event of store.readAll({
    direction: 'backwards',
    from: 'end',
    maxCount: Number(values.limit),
  }))
    if (!event.streamName.startsWith('$')) events.push(event)
  for (const event of events.reverse()) console.log(line(event))
}

const stream = async (store: EventStore, name: string): Promise<void> => {
  for await (const event of store.readStream(name)) console.log(line(event))
}

const show = async (store: EventStore, name: string, revision: string): Promise<void> => {
  for await (const event of store.readStream(name, { from: BigInt(revision), maxCount: 1 })) {
    const { id, type, streamName, metadata } = event
    console.log(
      JSON.stringify({ id, type, streamName, revision, data: plainData(event), metadata }, undefined, 2),
    )
  }
}

const [what, name, revision] = positionals
const isKnown =
  what === 'list' || (what === 'stream' && name !== undefined) || (what === 'show' && revision !== undefined)
if (values.help || !isKnown) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  const store = connectEventStore(values.eventstore ?? (await runningStack(values.data)).urls.eventstore)
  try {
    if (what === 'list') await list(store)
    else if (what === 'stream') await stream(store, name ?? '')
    else await show(store, name ?? '', revision ?? '0')
  } catch (error) {
    console.error(error instanceof StreamNotFound ? `there is no stream ${name ?? ''}` : String(error))
    process.exitCode = 1
  } finally {
    await store.close()
  }
}
