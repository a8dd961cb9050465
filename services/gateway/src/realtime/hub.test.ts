import { expect, test } from '@jest/globals'
import { campaignIdSchema } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Framed } from './frames.ts'
import { createHub } from './hub.ts'
import type { RealtimeMetrics } from './metrics.ts'
import type { Snapshot } from './watched.ts'

const campaignId = campaignIdSchema.parse(1)
const error = (sequence: number): Framed => ({
  type: 'error_update',
  sequence,
  count: sequence,
  positioned: () => Buffer.alloc(0),
  frame: Buffer.from(`error ${sequence}`),
  publishedAtMs: 0,
})
const metrics = { flushed: () => undefined } as unknown as RealtimeMetrics

/** Keeps what is written to it. */
const listener = () => {
  const written: Framed[] = []
  const client = {
    options: { campaignId, isV2: false, mayLink: true, resume: undefined },
    isClosing: false,
    skipsThrough: 0,
    frameOf: ({ frame }: Framed) => frame,
    wants: () => true,
    write: (_joined: Buffer, messages: readonly Framed[]) => written.push(...messages),
  } as unknown as Client
  return { client, written }
}

test('[P9] what comes while the first snapshot is read reaches all that wait for it, once, in order', async () => {
  const reading = Promise.withResolvers<Snapshot>()
  const hub = createHub({
    metrics,
    loadSnapshot: () => reading.promise,
    loadHistory: () => Promise.resolve([]),
  })
  const [first, second] = [listener(), listener()]
  const joined = [hub.join(first.client), hub.join(second.client)]
  hub.publish(campaignId, error(5))
  reading.resolve({ messages: [], epoch: 'e', through: 4, count: 4 })
  await Promise.all(joined)
  hub.publish(campaignId, error(6))
  await new Promise(setImmediate)
  for (const { written } of [first, second]) expect(written.map(({ sequence }) => sequence)).toEqual([5, 6])
})
