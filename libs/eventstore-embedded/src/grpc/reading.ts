import type { RecordedEvent } from '../store/types.ts'
import type { ServiceContext } from './context.ts'
import type { Outlet } from './outlet.ts'
import type { Streams } from './protocol.ts'

/** One request for events: what it asks, and the way out. */
export type Reading = Readonly<{
  context: ServiceContext
  options: Streams.ReadReq.Options
  outlet: Outlet
  deliver: (event: RecordedEvent) => Promise<void> | undefined
}>

/** Keys are read in pages of this many; bodies one by one. */
export const PAGE_SIZE = 128

/** Delivers events as fast as the reader takes them; the answer is how many. */
export async function deliverEvents(
  { context, outlet, deliver }: Reading,
  keys: readonly Readonly<{ position: number }>[],
  isHidden?: (event: RecordedEvent) => boolean,
): Promise<number> {
  let delivered = 0
  for (const event of context.log.read.events(keys.map((key) => key.position))) {
    if (event === undefined || isHidden?.(event) === true) continue
    const drained = deliver(event)
    if (drained !== undefined) await drained
    if (!outlet.isOpen()) break
    delivered += 1
  }
  return delivered
}
