import { Client, credentials } from '@grpc/grpc-js'
import { expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { shared, streams, StreamsService } from './grpc/protocol.ts'
import { spawnEventStore } from './spawn.ts'
import { writeLargeLog } from './testing/large-log.ts'
import { memoryMegabytes, workedMs } from './testing/process.ts'

const EVENTS = 1_000_000

/** What a client's subscription to all streams of a prefix asks. */
function subscribeToAll(prefix: string) {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList([prefix])
  const filter = new streams.ReadReq.Options.FilterOptions()
    .setStreamIdentifier(expression)
    .setMax(32)
    .setCheckpointintervalmultiplier(1)
  const options = new streams.ReadReq.Options()
    .setAll(new streams.ReadReq.Options.AllOptions().setStart(new shared.Empty()))
    .setSubscription(new streams.ReadReq.Options.SubscriptionOptions())
    .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()))
    .setFilter(filter)
  return new streams.ReadReq().setOptions(options)
}

/** Protobuf's tag of `ReadResp.event`: the reader takes no event apart, so that it is faster than the server. */
const EVENT_TAG = 0x0a

async function catchUp(url: string): Promise<number> {
  const client = new Client(new URL(url).host, credentials.createInsecure())
  const { path, requestSerialize } = StreamsService.read
  const request = subscribeToAll('stream-')
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    (bytes) => bytes[0] === EVENT_TAG,
    request,
  )
  let seen = 0
  for await (const isEvent of call as AsyncIterable<boolean>) {
    if (isEvent) seen += 1
    if (seen === EVENTS) break
  }
  client.close()
  return seen
}

test('a million events: the server starts at once, and reads all of them in flat memory', async () => {
  await using folder = await temporaryFolder('eventstore-large-')
  const empty = await spawnEventStore()
  const emptyMs = workedMs(empty.pid)
  await empty.stop()
  writeLargeLog(folder.path, { events: EVENTS, streams: 1_000 })
  const store = await spawnEventStore({ dataDir: folder.path })
  // What an empty server takes is the machine's own; the events may add little to it.
  expect(workedMs(store.pid) - emptyMs).toBeLessThan(300)
  try {
    expect(await catchUp(store.url)).toBe(EVENTS)
    expect(memoryMegabytes(store.pid, 'peak')).toBeLessThan(150)
  } finally {
    await store.stop()
  }
}, 300_000)
