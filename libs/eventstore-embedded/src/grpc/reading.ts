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
export const PAGE_SIZE = 500
