import { expect, test } from '@jest/globals'
import { campaignIdSchema, type LiveMessageType } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Framed } from './frames.ts'
import { createHub } from './hub.ts'
import type { RealtimeMetrics } from './metrics.ts'
import type { Snapshot } from './watched.ts'

const campaignId = campaignIdSchema.parse(1)
const framed = (type: LiveMessageType, sequence: number, text: string): Framed => ({
  type,
  sequence,
  count: sequence,
  positioned: () => Buffer.alloc(0),
  frame: Buffer.from(text),
  publishedAtMs: 0,
})
const error = (sequence: number): Framed => framed('error_update', sequence, `error ${sequence}`)
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

test('[P9] a completion that the snapshot has read before the campaign ended there comes live', async () => {
  const running = framed('campaign_update', 4, '{"status":"RUNNING"}')
  const ended = framed('campaign_update', 5, '{"status":"COMPLETED"}')
  const completion = framed('completion_update', 6, 'the report')
  const reading = Promise.withResolvers<Snapshot>()
  const hub = createHub({
    metrics,
    loadSnapshot: () => reading.promise,
    loadHistory: () => Promise.resolve([]),
  })
  const { client, written } = listener()
  const joined = hub.join(client)
  for (const message of [ended, completion]) hub.publish(campaignId, message)
  reading.resolve({ messages: [running, completion], epoch: 'e', through: 4, count: undefined })
  await joined
  await new Promise(setImmediate)
  expect(written).toEqual([running, ended, completion])
})
