// The heartbeat: every client is pinged once an interval, spread over it, so that no tick writes to all of them.
import { closeCodes } from '@peyk/contracts'

import type { Client } from './client.ts'
import { PING_FRAME } from './frames.ts'
import type { RealtimeMetrics } from './metrics.ts'

export interface Heartbeat {
  add(client: Client): void
  remove(client: Client): void
  stop(): void
}

const MOST_SLOTS = 100
/** How late the end of a token may be seen. */
const SWEEP_MS = 1_000

/**
 * A wheel: a client sits in one slot; its slot's turn sends the owner's text `ping` and a protocol ping, and half a
 * round later whoever has not ponged is closed. It follows the clock, however late its ticks come; but what it missed
 * of more than a quarter of a round stays missed: who could not be heard meanwhile still has time to pong.
 */
export const startHeartbeat = (
  intervalMs: number,
  metrics: RealtimeMetrics,
  clock: () => number = () => performance.now(),
): Heartbeat => {
  const slotCount = Math.max(2, Math.min(MOST_SLOTS, Math.floor(intervalMs / 50)))
  const slotMs = intervalMs / slotCount
  const slots = Array.from({ length: slotCount }, () => new Set<Client>())
  const slotOf = new Map<Client, number>()
  let turn = 0
  let turnedAt = clock()

  const slotAt = (index: number): Set<Client> => slots[index % slotCount] ?? new Set()
  const turnWheel = () => {
    turn = (turn + 1) % slotCount
    for (const client of slotAt(turn)) {
      client.writeFrame(PING_FRAME)
      client.ping()
    }
    for (const client of slotAt(turn + slotCount - Math.floor(slotCount / 2))) {
      if (!client.awaitsPong || client.isClosing) continue
      metrics.pongTimeout()
      client.close(closeCodes.pongTimeout, 'pong')
    }
  }
  const tick = () => {
    const now = clock()
    turnedAt = Math.max(turnedAt, now - Math.max(slotMs, intervalMs / 4))
    for (; now - turnedAt >= slotMs; turnedAt += slotMs) turnWheel()
  }
  const sweep = () => {
    const now = Date.now()
    for (const client of slotOf.keys()) client.sweep(now)
  }
  const timers = [setInterval(tick, slotMs), setInterval(sweep, SWEEP_MS)]

  return {
    add: (client) => {
      // Behind the turn: the first ping comes almost a whole interval later, as with one timer for each client.
      const index = turn
      slotAt(index).add(client)
      slotOf.set(client, index)
    },
    remove: (client) => {
      const index = slotOf.get(client)
      if (index === undefined) return
      slotAt(index).delete(client)
      slotOf.delete(client)
    },
    stop: () => timers.forEach((timer) => clearInterval(timer)),
  }
}
