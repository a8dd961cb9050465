/*
 * nats-server before 2.10.5 counts the payload, but not the record around it, when a stream with `discard: new` is nearly
 * full: a message that just fits by that count is accepted, and the oldest of the stream are silently dropped for it
 * (nats-io/nats-server issue 4771; seen on 2.9.10). Nothing may be lost, so with such a server we stop a little earlier
 * ourselves: a publisher counts what it writes, learns from the server at least once a second what others wrote, and
 * refuses what would reach into the last part of the stream.
 */
import { DiscardPolicy, type StreamInfo } from 'nats'

import type { Nats } from '../connection.ts'
import { StreamFull } from '../errors.ts'
import { askJetStream } from '../jetstream-api.ts'
import type { Headers } from '../message.ts'
import { FIRST_WITH_EXACT_DISCARD, isAtLeast } from '../server-version.ts'

const MARGIN = 0.02
const REFRESH_MS = 1_000
const REFRESH_WHEN_FULL_MS = 50
const LOOKUP_TIMEOUT_MS = 1_000
/** Length fields, checksum, header line and separators, rounded up. */
const RECORD_OVERHEAD_BYTES = 64

interface Room {
  readonly stream: string
  /** Infinity where nothing has to be watched. */
  readonly limit: number
  bytes: number
  readAt: number
  reading: Promise<void> | undefined
}

/** The room that is left in the streams that a publisher writes to. */
export class StreamRoom {
  readonly #nats: Nats
  readonly #rooms = new Map<string, Promise<Room | undefined>>()

  constructor(nats: Nats) {
    this.#nats = nats
  }

  /** Throws StreamFull when the message would reach into the margin. If the server cannot be asked, it decides itself. */
  async reserve(subject: string, data: Uint8Array, headers: Headers): Promise<void> {
    if (isAtLeast(this.#nats.serverVersion(), FIRST_WITH_EXACT_DISCARD)) return
    const room = await this.#roomOf(subject)
    if (room === undefined || room.limit === Infinity) return
    const size = recordBytes(subject, data, headers)
    if (this.#isStale(room, size)) await this.#refresh(room)
    if (room.bytes + size > room.limit) throw new StreamFull(subject, `${room.stream} has no room left`)
    room.bytes += size
  }

  #isStale(room: Room, size: number): boolean {
    const isFull = room.bytes + size > room.limit
    return performance.now() - room.readAt > (isFull ? REFRESH_WHEN_FULL_MS : REFRESH_MS)
  }

  async #roomOf(subject: string): Promise<Room | undefined> {
    const key = family(subject)
    const known = this.#rooms.get(key) ?? this.#find(subject)
    this.#rooms.set(key, known)
    const room = await known
    if (room === undefined) this.#rooms.delete(key)
    return room
  }

  async #find(subject: string): Promise<Room | undefined> {
    try {
      const names = await this.#ask<{ streams: readonly string[] | null }>('STREAM.NAMES', { subject })
      const stream = names.streams?.[0]
      if (stream === undefined) return undefined
      const { config, state } = await this.#ask<StreamInfo>(`STREAM.INFO.${stream}`, undefined)
      const watched = config.discard === DiscardPolicy.New && config.max_bytes > 0
      const limit = watched ? config.max_bytes * (1 - MARGIN) : Infinity
      return { stream, limit, bytes: state.bytes, readAt: performance.now(), reading: undefined }
    } catch {
      return undefined
    }
  }

  /** One reading for all that wait; the limit is read too seldom to matter: a wider stream is used after a restart. */
  #refresh(room: Room): Promise<void> {
    room.reading ??= this.#ask<StreamInfo>(`STREAM.INFO.${room.stream}`, undefined)
      .then(({ state }) => {
        room.bytes = state.bytes
        room.readAt = performance.now()
      })
      .catch(() => undefined)
      .finally(() => {
        room.reading = undefined
      })
    return room.reading
  }

  #ask<T>(call: string, body: object | undefined): Promise<T> {
    return askJetStream<T>(this.#nats, call, body, { timeoutMs: LOOKUP_TIMEOUT_MS })
  }
}

/** Subjects that go to the same stream: by their first word; buckets and object stores by their second too. */
const family = (subject: string): string => subject.split('.', subject.startsWith('$') ? 2 : 1).join('.')

function recordBytes(subject: string, data: Uint8Array, headers: Headers): number {
  let bytes = RECORD_OVERHEAD_BYTES + subject.length + data.length
  for (const [name, value] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(value) + 4
  return bytes
}
