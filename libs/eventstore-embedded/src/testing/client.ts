import { randomUUID } from 'node:crypto'

import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import type { JSONEventData } from '@eventstore/db-client'

/** The real client, gone after the test. */
export function connect(url: string): { client: EventStoreDBClient } & AsyncDisposable {
  const client = EventStoreDBClient.connectionString(url)
  return { client, [Symbol.asyncDispose]: () => client.dispose() }
}

/** An event that counts. */
export function counted(n: number, type = 'Counted'): JSONEventData {
  return jsonEvent({ id: randomUUID(), type, data: { n } })
}

/** What the events count, in their order; at most so many of them are taken. */
export async function countsOf(
  events: AsyncIterable<{ event?: { data: unknown } }>,
  most = Infinity,
): Promise<unknown[]> {
  const counts: unknown[] = []
  for await (const { event } of events) {
    counts.push((event?.data as { n?: number } | undefined)?.n)
    if (counts.length >= most) break
  }
  return counts
}
