import { randomUUID } from 'node:crypto'

import { numberFromWire, streamNameOf } from './codec.ts'
import { streamDeleted } from './errors.ts'
import { checkpointIntervalOf, keyFilterOf } from './filter.ts'
import type { KeyFilter } from './filter.ts'
import type { Outlet } from './outlet.ts'
import { streams } from './protocol.ts'
import type { Streams } from './protocol.ts'
import { deliverEvents, PAGE_SIZE } from './reading.ts'
import type { Reading } from './reading.ts'

/**
 * A subscription is a reader that never ends. It holds one number, the last place it looked at, and reads pages
 * from there; when a page comes short it waits for the log to grow. Catching up and being live are the same
 * loop, so there is no border at which an event could be missed or doubled.
 */

/** Follows one stream, strictly after a revision; it may not exist yet. */
export async function subscribeToStream(reading: Reading): Promise<void> {
  const { context, options, outlet } = reading
  const { log } = context
  const source = options.getStream()
  const stream = streamNameOf(source?.getStreamIdentifier())
  let next = nextRevisionOf(source, log.read.lastRevision(stream))
  let isLive = false
  await outlet.send(confirmation())
  while (outlet.isOpen()) {
    const { head } = log
    if (log.read.status(stream) === 'tombstoned') throw streamDeleted(stream)
    const keys = log.read.streamKeysForwards(stream, next, PAGE_SIZE)
    await deliverEvents(reading, keys, (event) => log.read.isTooOld(event))
    next = (keys.at(-1)?.revision ?? next - 1) + 1
    if (keys.length === PAGE_SIZE) {
      await outlet.takeTurns()
      continue
    }
    if (!isLive) await outlet.send(caughtUp())
    isLive = true
    await log.waitBeyond(head, outlet.signal)
  }
}

/** Follows the log, strictly after a position, with or without a filter. */
export async function subscribeToAll(reading: Reading): Promise<void> {
  const { context, options, outlet } = reading
  const { log } = context
  const filter = options.getFilter()
  const isWanted = filter === undefined ? () => true : keyFilterOf(filter)
  const checkpoints = filter === undefined ? undefined : new Checkpoints(outlet, checkpointIntervalOf(filter))
  let after = lastSeenOf(options.getAll(), log.head)
  let isLive = false
  await outlet.send(confirmation())
  while (outlet.isOpen()) {
    const { lastSeen, isFull } = await deliverPage(reading, after, isWanted, checkpoints)
    after = lastSeen
    if (isFull) {
      await outlet.takeTurns()
      continue
    }
    if (!isLive) {
      await checkpoints?.reached(after)
      await outlet.send(caughtUp())
      isLive = true
    }
    await log.waitBeyond(after, outlet.signal)
  }
}

async function deliverPage(
  { context, outlet, deliver }: Reading,
  after: number,
  isWanted: KeyFilter,
  checkpoints: Checkpoints | undefined,
): Promise<{ lastSeen: number; isFull: boolean }> {
  const { read: reader } = context.log
  const keys = reader.keysForwards(after + 1, PAGE_SIZE)
  const wanted = new Set(keys.filter(isWanted).map((key) => key.position))
  const events = reader.events([...wanted])
  let lastSeen = after
  for (const key of keys) {
    lastSeen = key.position
    const event = wanted.has(lastSeen) ? events.next().value : undefined
    const drained = event === undefined ? undefined : deliver(event)
    if (drained !== undefined) await drained
    if (checkpoints?.isDueAfterOneMore() === true) await checkpoints.reached(lastSeen)
    if (!outlet.isOpen()) break
  }
  return { lastSeen, isFull: keys.length === PAGE_SIZE }
}

/** Tells a filtered subscription how far it is, also when nothing matches. */
class Checkpoints {
  private seen = 0
  private last = -1
  private readonly outlet: Outlet
  private readonly interval: number

  constructor(outlet: Outlet, interval: number) {
    this.outlet = outlet
    this.interval = interval
  }

  isDueAfterOneMore(): boolean {
    this.seen += 1
    return this.seen >= this.interval
  }

  async reached(position: number): Promise<void> {
    this.seen = 0
    if (position <= this.last || position <= 0) return
    this.last = position
    const checkpoint = new streams.ReadResp.Checkpoint()
    checkpoint.setCommitPosition(String(position))
    checkpoint.setPreparePosition(String(position))
    await this.outlet.send(new streams.ReadResp().setCheckpoint(checkpoint))
  }
}

function nextRevisionOf(source: Streams.ReadReq.Options.StreamOptions | undefined, last: number): number {
  if (source === undefined || source.hasStart()) return 0
  return source.hasEnd() ? last + 1 : numberFromWire(source.getRevision()) + 1
}

function lastSeenOf(source: Streams.ReadReq.Options.AllOptions | undefined, head: number): number {
  if (source === undefined || source.hasStart()) return 0
  return source.hasEnd() ? head : numberFromWire(source.getPosition()?.getCommitPosition() ?? '0')
}

function confirmation(): Streams.ReadResp {
  const message = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())
  return new streams.ReadResp().setConfirmation(message)
}

function caughtUp(): Streams.ReadResp {
  return new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())
}
