// What JetStream says of a delivered message: its position, in the tokens of the reply subject.
import type { Msg } from 'nats'

import { decodeHeaders, decodeJson, type Headers, type StoredMessage } from './message.ts'

export interface DeliveryInfo {
  readonly stream: string
  readonly deliveryCount: number
  readonly sequence: number
  readonly deliverySequence: number
  readonly storedAtMs: number
  readonly pending: number
}

/**
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<delivery seq>.<time>.<pending>`; servers that know domains put
 * domain and account hash after `ACK`. Undefined for a message that JetStream did not deliver.
 */
export function readDelivery(reply: string | undefined): DeliveryInfo | undefined {
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined
  const tokens = reply.split('.')
  const at = tokens.length >= 11 ? 4 : 2
  if (tokens.length < at + 7) return undefined
  return {
    stream: tokens[at] ?? '',
    deliveryCount: Number(tokens[at + 2]),
    sequence: Number(tokens[at + 3]),
    deliverySequence: Number(tokens[at + 4]),
    storedAtMs: Math.floor(Number(tokens[at + 5]) / 1e6),
    pending: Number(tokens[at + 6]),
  }
}

/** A message as it arrived; headers are decoded when they are asked for. */
export class ArrivedMessage implements StoredMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly stream: string
  readonly sequence: number
  readonly #source: Msg
  readonly #storedAtMs: number
  #headers: Headers | undefined

  constructor(source: Msg, info: DeliveryInfo) {
    this.subject = source.subject
    this.data = source.data
    this.stream = info.stream
    this.sequence = info.sequence
    this.#source = source
    this.#storedAtMs = info.storedAtMs
  }

  get storedAt(): Date {
    return new Date(this.#storedAtMs)
  }

  get headers(): Headers {
    this.#headers ??= decodeHeaders(this.#source.headers)
    return this.#headers
  }

  json(): unknown {
    return decodeJson(this.data)
  }
}
