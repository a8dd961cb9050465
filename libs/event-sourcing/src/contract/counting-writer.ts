// A program that tests start and kill: it handles the commands 0 to N-1 in turn, from the first one each time it runs.
// Arguments: URL, stream, N. It prints a line for each command, and `done`.
import { accept, type Decider } from '../decider.ts'
import { connectEventStore } from '../esdb/connect-event-store.ts'
import { uuidV5 } from '../event-ids.ts'
import { handleCommand, type EventCodec } from '../handle-command.ts'

export type Counted = {
  readonly type: 'Counted'
  readonly data: { readonly command: number; readonly part: number }
}

/** Each command is two events, so that half of one would be seen. */
const counter: Decider<number, number, Counted, never> = {
  initialState: 0,
  decide: (command) => accept(counted(command, 0), counted(command, 1)),
  evolve: (count) => count + 1,
}

const counted = (command: number, part: number): Counted => ({ type: 'Counted', data: { command, part } })

const codec: EventCodec<Counted> = {
  decode: ({ data }) => ({ type: 'Counted', data: data as Counted['data'] }),
}

const [url = '', streamName = '', count = '0'] = process.argv.slice(2)
const store = connectEventStore(url)
for (let command = 0; command < Number(count); command += 1) {
  const commandId = uuidV5(`${streamName}\n${command}`)
  const metadata = {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    tenant: 'local',
    occurredAt: new Date().toISOString(),
  }
  await handleCommand({ store, streamName, decider: counter, codec, command, metadata })
  process.stdout.write(`${command}\n`)
}
await store.close()
process.stdout.write('done\n')
