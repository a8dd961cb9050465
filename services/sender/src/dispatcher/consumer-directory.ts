// Which consumers of DISPATCH are there: campaign makes and deletes them, a sender only looks.
import { listConsumers, type Nats } from '@peyk/messaging'
import { setTimeout as sleep } from 'node:timers/promises'

import { isPassing } from '../outcomes/store-durably.ts'

const LOOK_EVERY_MS = 500

export interface ConsumerDirectory {
  has(durable: string): boolean
  /** Calls the listener at each change; the directory looks only while somebody listens. */
  onChange(listener: () => void): () => void
}

export const watchConsumers = (
  nats: Nats,
  options: { readonly signal: AbortSignal; readonly fail: (error: unknown) => void },
): ConsumerDirectory => {
  const { signal, fail } = options
  const listeners = new Set<() => void>()
  let present = new Set<string>()
  let looking: Promise<void> | undefined

  const look = async () => {
    const names = new Set(await listConsumers(nats, 'DISPATCH'))
    const isSame = names.size === present.size && [...names].every((name) => present.has(name))
    present = names
    if (!isSame) for (const listener of [...listeners]) listener()
  }
  const keepLooking = async () => {
    while (listeners.size > 0 && !signal.aborted) {
      await look().catch((error: unknown) => {
        if (!isPassing(error)) throw error
      })
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  const start = () => {
    looking ??= keepLooking()
      .catch(fail)
      .finally(() => {
        looking = undefined
        if (listeners.size > 0 && !signal.aborted) start()
      })
  }
  return {
    has: (durable) => present.has(durable),
    onChange: (listener) => {
      listeners.add(listener)
      start()
      return () => listeners.delete(listener)
    },
  }
}
