/*
 * Large objects in the format of NATS' own object stores, so that its tools read them too: chunks under a name of their
 * own each time, and one record that names them. The record is written last and replaces the one before, so an object is
 * seen whole or not at all; what an interrupted write leaves is removed by it, or when its time is over.
 */
import { createHash, randomUUID } from 'node:crypto'

import type { Nats } from './connection.ts'
import { ObjectDamaged, ObjectTooLarge } from './errors.ts'
import { readMessages } from './feed/read-messages.ts'
import { errorLine, type Log, silentLog } from './log.ts'
import type { StoredMessage } from './message.ts'
import { createPublisher, type Publisher } from './publish/publisher.ts'
import { lastMessageOf, nextMessageOf, purgeSubject } from './streams/read-stream.ts'
import { objectStoreStream } from './streams/stream-config.ts'

export interface ObjectInfo {
  readonly name: string
  readonly size: number
  readonly chunks: number
  /** Of the whole content, in hex. */
  readonly sha256: string
  readonly storedAt: Date
  readonly metadata: Readonly<Record<string, string>>
}

export interface PutOptions {
  readonly metadata?: Readonly<Record<string, string>>
  /** More than this is refused with ObjectTooLarge. */
  readonly maxBytes?: number
}

export interface StoredObject {
  readonly info: ObjectInfo
  readonly content: AsyncIterable<Uint8Array>
}

/** Large objects in chunks. An object is seen whole or not at all. */
export interface ObjectStore {
  readonly name: string
  /** Replaces an object of the same name when all of it is stored. Throws StreamFull, ObjectTooLarge, NatsUnavailable. */
  put(name: string, content: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<ObjectInfo>
  /** Undefined if it is not there; reading throws ObjectDamaged if a byte is wrong. */
  get(name: string): Promise<StoredObject | undefined>
  info(name: string): Promise<ObjectInfo | undefined>
  delete(name: string): Promise<void>
  names(): Promise<readonly string[]>
}

/** An object store that ensureStreams made. */
export const openObjectStore = (
  nats: Nats,
  name: string,
  options: { readonly log?: Log } = {},
): ObjectStore => new NatsObjectStore(nats, name, createPublisher(nats, options), options.log ?? silentLog)

const CHUNK_BYTES = 128 * 1024
const DIGEST = 'SHA-256='

/** The record of an object, as NATS' own clients write it. */
interface ObjectRecord {
  readonly name: string
  readonly bucket: string
  readonly nuid: string
  readonly size: number
  readonly chunks: number
  readonly digest: string
  readonly mtime: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly deleted?: boolean
}

type Written = Pick<ObjectRecord, 'nuid' | 'size' | 'chunks' | 'digest'>

class NatsObjectStore implements ObjectStore {
  readonly name: string
  readonly #nats: Nats
  readonly #stream: string
  readonly #publisher: Publisher
  readonly #log: Log

  constructor(nats: Nats, name: string, publisher: Publisher, log: Log) {
    this.name = name
    this.#nats = nats
    this.#stream = objectStoreStream(name)
    this.#publisher = publisher
    this.#log = log
  }

  async put(name: string, content: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<ObjectInfo> {
    const nuid = randomUUID().replaceAll('-', '')
    try {
      const written = await this.#writeChunks(nuid, content, options.maxBytes ?? Infinity)
      const before = await this.#record(name)
      const record = this.#newRecord(name, written, options)
      await this.#publisher.publish(this.#recordSubject(name), record, { id: nuid, rollup: 'subject' })
      if (before !== undefined) await this.#purge(before.nuid)
      return infoOf(record)
    } catch (error) {
      if ((await this.#record(name).catch(() => undefined))?.nuid !== nuid) await this.#purge(nuid)
      throw error
    }
  }

  async get(name: string): Promise<StoredObject | undefined> {
    const record = await this.#record(name)
    return record && { info: infoOf(record), content: this.#readChunks(record) }
  }

  async info(name: string): Promise<ObjectInfo | undefined> {
    const record = await this.#record(name)
    return record && infoOf(record)
  }

  async delete(name: string): Promise<void> {
    const record = await this.#record(name)
    if (record === undefined) return
    await purgeSubject(this.#nats, this.#stream, this.#recordSubject(name))
    await purgeSubject(this.#nats, this.#stream, this.#chunkSubject(record.nuid))
  }

  async names(): Promise<readonly string[]> {
    const names: string[] = []
    await readMessages(this.#nats, {
      stream: this.#stream,
      filter: `$O.${this.name}.M.>`,
      from: 'last-per-subject',
      onMessage: (message) => {
        const record = readRecord(this.name, message)
        if (record.deleted !== true) names.push(record.name)
      },
    })
    return names
  }

  /** One after another, each behind the one before: a repeated publish can neither double nor misplace a chunk. */
  async #writeChunks(nuid: string, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Written> {
    const hash = createHash('sha256')
    let [size, chunks, last] = [0, 0, 0]
    for await (const chunk of inChunks(content)) {
      size += chunk.length
      if (size > maxBytes) throw new ObjectTooLarge(maxBytes)
      hash.update(chunk)
      const options = { id: `${nuid}-${chunks}`, expectedLastSubjectSequence: last }
      last = (await this.#publisher.publish(this.#chunkSubject(nuid), chunk, options)).sequence
      chunks += 1
    }
    return { nuid, size, chunks, digest: DIGEST + padded(hash.digest('base64url')) }
  }

  async *#readChunks(record: ObjectRecord): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256')
    const subject = this.#chunkSubject(record.nuid)
    for (let index = 0, next = 1; index < record.chunks; index += 1) {
      const chunk = await nextMessageOf(this.#nats, this.#stream, subject, next)
      if (chunk === undefined) throw new ObjectDamaged(this.name, 'a chunk is not there')
      hash.update(chunk.data)
      next = chunk.sequence + 1
      yield chunk.data
    }
    if (DIGEST + padded(hash.digest('base64url')) !== record.digest)
      throw new ObjectDamaged(this.name, 'its checksum is another')
  }

  #newRecord(name: string, written: Written, options: PutOptions): ObjectRecord {
    const mtime = new Date().toISOString()
    const { metadata } = options
    return { name, bucket: this.name, ...written, mtime, ...(metadata && { metadata }), deleted: false }
  }

  async #record(name: string): Promise<ObjectRecord | undefined> {
    const message = await lastMessageOf(this.#nats, this.#stream, this.#recordSubject(name))
    const record = message && readRecord(this.name, message)
    return record?.deleted === true ? undefined : record
  }

  /** Chunks that no record names cost room and nothing else, so a failure here fails nobody. */
  async #purge(nuid: string): Promise<void> {
    try {
      await purgeSubject(this.#nats, this.#stream, this.#chunkSubject(nuid))
    } catch (error) {
      this.#log.warn({ store: this.name, nuid, error: errorLine(error) }, 'chunks of no object were left')
    }
  }

  #recordSubject(name: string): string {
    return `$O.${this.name}.M.${padded(Buffer.from(name).toString('base64url'))}`
  }

  #chunkSubject(nuid: string): string {
    return `$O.${this.name}.C.${nuid}`
  }
}

const padded = (base64: string): string => base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')

async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const part of content) {
    parts.push(part)
    size += part.length
    if (size < CHUNK_BYTES) continue
    const all = Buffer.concat(parts)
    const whole = all.length - (all.length % CHUNK_BYTES)
    for (let at = 0; at < whole; at += CHUNK_BYTES) yield all.subarray(at, at + CHUNK_BYTES)
    parts = [all.subarray(whole)]
    size = all.length - whole
  }
  if (size > 0) yield Buffer.concat(parts)
}

function readRecord(store: string, message: StoredMessage): ObjectRecord {
  const record = message.json()
  if (!isRecord(record)) throw new ObjectDamaged(store, 'its record cannot be read')
  return record
}

const isRecord = (value: unknown): value is ObjectRecord =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'nuid' in value &&
  typeof value.nuid === 'string' &&
  'size' in value &&
  typeof value.size === 'number' &&
  'chunks' in value &&
  typeof value.chunks === 'number' &&
  'digest' in value &&
  typeof value.digest === 'string'

const infoOf = ({ name, size, chunks, digest, mtime, metadata }: ObjectRecord): ObjectInfo => ({
  name,
  size,
  chunks,
  sha256: Buffer.from(digest.slice(DIGEST.length), 'base64url').toString('hex'),
  storedAt: new Date(mtime),
  metadata: metadata ?? {},
})
