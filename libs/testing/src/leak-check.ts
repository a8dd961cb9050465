import { eventually } from './eventually.ts'

/** What keeps a process alive, and so what a stop must give back. */
const RESOURCES = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'ProcessWrap', 'Timeout', 'FSEventWrap']

export interface LeakCheck {
  /** Waits until nothing is left over of what was opened since; throws with its kinds when something stays. */
  readonly expectNone: (options?: { readonly deadlineMs?: number }) => Promise<void>
}

/** Remembers what is open now: sockets, servers, pipes, child processes, timers. */
export const watchLeaks = (): LeakCheck => {
  const before = countResources()
  return {
    expectNone: async ({ deadlineMs = 5_000 } = {}) => {
      await eventually(
        () => {
          const left = grownSince(before)
          if (left.length > 0) throw new Error(left.join(', '))
          return true
        },
        { deadlineMs, what: 'everything to be closed' },
      )
    },
  }
}

const countResources = (): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** The pause between two checks is a timer of our own, over by the time of the count. */
const grownSince = (before: ReadonlyMap<string, number>): string[] => {
  const now = countResources()
  return RESOURCES.filter((kind) => (now.get(kind) ?? 0) > (before.get(kind) ?? 0)).map(
    (kind) => `${kind}: ${String(now.get(kind))} (before: ${String(before.get(kind) ?? 0)})`,
  )
}
