import type { RecordedEvent } from '../store/types.ts'
import type { ReadKind, ServiceContext } from './context.ts'
import { asServiceError, invalidArgument, shuttingDown } from './errors.ts'
import { encodeEvent } from './event-encoding.ts'
import type { UuidForm } from './event-encoding.ts'
import { Outlet } from './outlet.ts'
import type { ReadCall } from './outlet.ts'
import type { Streams } from './protocol.ts'
import { readAll, readStream } from './read-once.ts'
import type { Reading } from './reading.ts'
import { subscribeToAll, subscribeToStream } from './subscription.ts'

type Options = Streams.ReadReq.Options

const READERS: Readonly<Record<ReadKind, (reading: Reading) => Promise<void>>> = {
  stream: readStream,
  all: readAll,
  stream_subscription: subscribeToStream,
  all_subscription: subscribeToAll,
}

/** Read: a stream or the whole log, either way, once or as a subscription. */
export function readHandler(context: ServiceContext) {
  return (call: ReadCall): void => {
    const outlet = new Outlet(call, context.stopping)
    read(context, call, outlet).then(
      () => {
        if (context.stopping.aborted) call.emit('error', shuttingDown())
        else call.end()
      },
      (error: unknown) => {
        call.emit('error', asServiceError(error))
      },
    )
  }
}

async function read(context: ServiceContext, call: ReadCall, outlet: Outlet): Promise<void> {
  const options = call.request.getOptions()
  if (options === undefined) throw invalidArgument('a read needs its options')
  const form = uuidFormOf(options)
  const kind = kindOf(options)
  const deliver = (event: RecordedEvent) => {
    context.activity.delivered(kind)
    return outlet.send(encodeEvent(event, form))
  }
  const done = context.activity.reading(kind)
  try {
    await READERS[kind]({ context, options, outlet, deliver })
  } finally {
    done()
  }
}

function kindOf(options: Options): ReadKind {
  if (!options.hasStream() && !options.hasAll()) throw invalidArgument('a read names a stream or $all')
  if (options.hasStream()) return options.hasSubscription() ? 'stream_subscription' : 'stream'
  return options.hasSubscription() ? 'all_subscription' : 'all'
}

function uuidFormOf(options: Options): UuidForm {
  const form = options.getUuidOption()
  if (form === undefined) throw invalidArgument('`uuidOption` is a required argument')
  return form.hasString() ? 'text' : 'structured'
}
