/** Waits for WhatsApp's acknowledgements of messages, which Baileys turns into no event when they are good. */
import type { FailureReason, SendResult } from '../channel.ts'

const REASONS: Readonly<Record<number, FailureReason>> = { 429: 'rate_limited', 463: 'reach_out_locked' }

export class Acks {
  readonly #waiting = new Map<string, (result: SendResult) => void>()

  /** Starts to listen for a message; must be called before it is sent. */
  expect(messageId: string): { readonly result: Promise<SendResult>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<SendResult>()
    this.#waiting.set(messageId, resolve)
    return { result: promise, forget: () => this.#waiting.delete(messageId) }
  }

  /** Tells the answer to who waits for it; false when nobody does (it came too late). */
  settle(messageId: string, result: SendResult): boolean {
    const resolve = this.#waiting.get(messageId)
    this.#waiting.delete(messageId)
    resolve?.(result)
    return resolve !== undefined
  }

  /** The socket has ended: no answer will come. */
  closeAll(): void {
    for (const messageId of [...this.#waiting.keys()]) this.settle(messageId, { outcome: 'no_ack' })
  }
}

/** Reads an `ack` stanza: without an error it is good. */
export function resultOfAck(attrs: Readonly<Record<string, string>>): SendResult {
  const error = attrs['error']
  if (error === undefined) return { outcome: 'sent', at: stanzaTime(attrs['t']) }
  const code = Number(error)
  return { outcome: 'failed', reason: REASONS[code] ?? 'rejected', ...(Number.isFinite(code) && { code }) }
}

/** The time of a stanza (seconds), or now when it carries none. */
export function stanzaTime(seconds: string | undefined): Date {
  const value = Number(seconds)
  return value > 0 ? new Date(value * 1000) : new Date()
}
