// Publishing what must not be lost: again and again until the stream has it.
import {
  JetStreamRefused,
  NatsUnavailable,
  NoResponder,
  NoStream,
  type Payload,
  type Published,
  type Publisher,
  type PublishOptions,
  StreamFull,
} from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000

/** Trouble that passes: the stream is away, full, or has no leader now. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NatsUnavailable ||
  error instanceof StreamFull ||
  error instanceof NoStream ||
  error instanceof NoResponder ||
  error instanceof JetStreamRefused

/** Runs the work until it succeeds; throws what does not pass by itself, and the signal's reason when it aborts. */
export async function untilDone<T>(
  what: string,
  work: () => Promise<T>,
  options: { readonly signal: AbortSignal; readonly log: Log },
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error)) throw error
      if (attempt % 20 === 0) options.log.warn({ what, attempt, error }, 'nats_write_repeated')
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10))
      await sleep(pauseMs, undefined, { signal: options.signal })
    }
  }
}

/** Publishes under an id until it is stored, so that a repeated one is stored once. */
export const storeDurably = (
  publisher: Publisher,
  message: { readonly subject: string; readonly payload: Payload } & PublishOptions & { readonly id: string },
  options: { readonly signal: AbortSignal; readonly log: Log },
): Promise<Published> => {
  const { subject, payload, ...publishing } = message
  return untilDone('publish', () => publisher.publish(subject, payload, publishing), options)
}
