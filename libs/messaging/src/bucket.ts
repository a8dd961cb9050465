// Key-value buckets, read from the leader and written with fences.
import { randomUUID } from 'node:crypto'

import type { Nats } from './connection.ts'
import { InvalidKey, WrongLastSequence } from './errors.ts'
import { type EpochChange, type Feed, orderedFeed } from './feed/ordered-feed.ts'
import { readMessages } from './feed/read-messages.ts'
import type { Log } from './log.ts'
import { decodeJson, type Headers, type Payload, type StoredMessage } from './message.ts'
import type { PublishOptions } from './publish/outgoing.ts'
import { createPublisher, type Publisher } from './publish/publisher.ts'
import { lastMessageOf } from './streams/read-stream.ts'
import { bucketStream } from './streams/stream-config.ts'

export interface BucketEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly revision: number
  readonly storedAt: Date
  json(): unknown
}

/** A change seen by a watch; `value` is undefined when the key was deleted. Expiry is not seen. */
export interface BucketChange {
  readonly key: string
  readonly value: Uint8Array | undefined
  readonly revision: number
  /** The value as JSON; undefined when the key was deleted. */
  json(): unknown
}

export interface WatchOptions {
  /** `tenant.*`, `tenant.>`, one key, or `>` for all (default). */
  readonly pattern?: string
  /** If it throws it is called again, with a growing delay, for ever. */
  readonly onChange: (change: BucketChange) => void | Promise<void>
  /** The bucket was made anew: forget what was read, all of it comes again. */
  readonly onEpochChange?: (change: EpochChange) => void | Promise<void>
  readonly signal: AbortSignal
  readonly log?: Log
}

/** A key-value bucket. Reads come from the leader, never stale. All calls throw NatsUnavailable when it is away. */
export interface Bucket {
  readonly name: string
  get(key: string): Promise<BucketEntry | undefined>
  /** Writes whatever was there; answers the revision. */
  put(key: string, value: Payload): Promise<number>
  /** Throws WrongLastSequence if the key is there. */
  create(key: string, value: Payload): Promise<number>
  /** Throws WrongLastSequence unless the key has this revision. */
  update(key: string, value: Payload, revision: number): Promise<number>
  /** Leaves a mark that watches see; with a revision only if the key has it still (else WrongLastSequence). */
  delete(key: string, options?: { readonly revision?: number }): Promise<void>
  /** As delete, and the key's history goes too. */
  purge(key: string): Promise<void>
  /** In no particular order. */
  keys(pattern?: string): Promise<readonly string[]>
  /** What is there now, in the order of writing. */
  entries(pattern?: string): Promise<readonly BucketEntry[]>
  /** The present values first, then every change, in order. `caughtUp` tells when the present ones are through. */
  watch(options: WatchOptions): Feed
}

/** A bucket that ensureStreams made. */
export const openBucket = (nats: Nats, name: string, options: { readonly log?: Log } = {}): Bucket =>
  new NatsBucket(nats, name, createPublisher(nats, options))

const OPERATION = 'KV-Operation'
const NOTHING = new Uint8Array()

class NatsBucket implements Bucket {
  readonly name: string
  readonly #nats: Nats
  readonly #stream: string
  readonly #publisher: Publisher

  constructor(nats: Nats, name: string, publisher: Publisher) {
    this.#nats = nats
    this.name = name
    this.#stream = bucketStream(name)
    this.#publisher = publisher
  }

  async get(key: string): Promise<BucketEntry | undefined> {
    const message = await this.#last(key)
    return message === undefined || isDeletion(message.headers) ? undefined : this.#entry(message)
  }

  async put(key: string, value: Payload): Promise<number> {
    return this.#write(key, value, {})
  }

  async create(key: string, value: Payload): Promise<number> {
    try {
      return await this.update(key, value, 0)
    } catch (error) {
      if (!(error instanceof WrongLastSequence)) throw error
      // The mark of a deletion stands in the key's place: it is what has to be replaced.
      const last = await this.#last(key)
      if (last !== undefined && !isDeletion(last.headers)) throw error
      return this.update(key, value, last?.sequence ?? 0)
    }
  }

  async update(key: string, value: Payload, revision: number): Promise<number> {
    return this.#write(key, value, { expectedLastSubjectSequence: revision })
  }

  async delete(key: string, options: { readonly revision?: number } = {}): Promise<void> {
    await this.#write(key, NOTHING, {
      headers: { [OPERATION]: 'DEL' },
      ...(options.revision !== undefined && { expectedLastSubjectSequence: options.revision }),
    })
  }

  async purge(key: string): Promise<void> {
    const headers = { [OPERATION]: 'PURGE' }
    await this.#write(key, NOTHING, { headers, rollup: 'subject' })
  }

  async keys(pattern = '>'): Promise<readonly string[]> {
    const keys = new Set<string>()
    await this.#read(pattern, true, (message) => {
      const key = this.#key(message.subject)
      if (isDeletion(message.headers)) keys.delete(key)
      else keys.add(key)
    })
    return [...keys]
  }

  async entries(pattern = '>'): Promise<readonly BucketEntry[]> {
    const entries = new Map<string, BucketEntry>()
    await this.#read(pattern, false, (message) => {
      const entry = this.#entry(message)
      entries.delete(entry.key)
      if (!isDeletion(message.headers)) entries.set(entry.key, entry)
    })
    return [...entries.values()]
  }

  watch(options: WatchOptions): Feed {
    const { pattern = '>', onChange, ...rest } = options
    return orderedFeed(this.#nats, {
      ...rest,
      stream: this.#stream,
      filter: this.#pattern(pattern),
      from: 'last-per-subject',
      onMessage: (message) => onChange(this.#change(message)),
    })
  }

  /** An id of its own for each write lets it be sent again when only its answer got lost. */
  async #write(key: string, value: Payload, options: PublishOptions): Promise<number> {
    const subject = this.#subject(key)
    const { sequence } = await this.#publisher.publish(subject, value, { ...options, id: randomUUID() })
    return sequence
  }

  #last(key: string): Promise<StoredMessage | undefined> {
    return lastMessageOf(this.#nats, this.#stream, this.#subject(key))
  }

  async #read(
    pattern: string,
    headersOnly: boolean,
    onMessage: (message: StoredMessage) => void,
  ): Promise<void> {
    await readMessages(this.#nats, {
      stream: this.#stream,
      filter: this.#pattern(pattern),
      from: 'last-per-subject',
      headersOnly,
      onMessage,
    })
  }

  #subject(key: string): string {
    if (!/^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$/.test(key)) throw new InvalidKey(this.name)
    return `$KV.${this.name}.${key}`
  }

  #pattern(pattern: string): string {
    if (!/^([-/_=a-zA-Z0-9]+|\*)(\.([-/_=a-zA-Z0-9]+|\*))*(\.>)?$|^>$/.test(pattern))
      throw new InvalidKey(this.name)
    return `$KV.${this.name}.${pattern}`
  }

  #key(subject: string): string {
    return subject.slice(`$KV.${this.name}.`.length)
  }

  #entry({ subject, data, sequence, storedAt }: StoredMessage): BucketEntry {
    return {
      key: this.#key(subject),
      value: data,
      revision: sequence,
      storedAt,
      json: () => decodeJson(data),
    }
  }

  #change({ subject, data, headers, sequence }: StoredMessage): BucketChange {
    const value = isDeletion(headers) ? undefined : data
    const json = () => (value === undefined ? undefined : decodeJson(value))
    return { key: this.#key(subject), value, revision: sequence, json }
  }
}

const isDeletion = (headers: Headers): boolean =>
  headers[OPERATION] === 'DEL' || headers[OPERATION] === 'PURGE'
