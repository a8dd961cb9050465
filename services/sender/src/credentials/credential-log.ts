// The credentials of one session: a log in WA_KEYS that one owner writes at a time.
//
// - A write is one message, published with the sequence of the one before it. Whoever opens the log writes `claimed`
//   first; from then on every write of the owner before is refused, which is how it learns that it is fenced.
// - Replaying the log gives the records: the last write of a name wins, `null` deletes.
// - After a write whose fate is not known nothing more is written: the log has to be opened again.
// - Compaction writes all live records again and then purges what is older. A crash in between changes nothing, and an
//   owner that was fenced in between purges only what the records it wrote before have replaced.
import { type SessionId, subjects, type TenantId } from '@peyk/contracts'
import {
  lastMessageOf,
  type Nats,
  type Publisher,
  purgeSubject,
  readMessages,
  WrongLastSequence,
} from '@peyk/messaging'

import { CredentialsFencedError, type CredentialStore } from '../channel/channel.ts'
import { decodeLogEntry, encodeLogEntry, type LogEntry, recordName } from './log-entry.ts'
import type { Sealed } from './sealing.ts'
import type { SessionCipher, TenantKeys } from './tenant-keys.ts'

const STREAM = 'WA_KEYS'
const CLAIM_ATTEMPTS = 10
const CHUNK_BYTES = 512 * 1024
const COMPACT_ABOVE_BYTES = 1024 * 1024
const COMPACT_ABOVE_RATIO = 3

export interface CredentialLogOptions {
  readonly nats: Nats
  readonly publisher: Publisher
  readonly keys: TenantKeys
  readonly tenant: TenantId
  readonly sessionId: SessionId
  /** Default 1 MiB: a log smaller than this is left as it is. */
  readonly compactAboveBytes?: number
}

interface Replayed {
  readonly records: Map<string, Sealed>
  readonly bytes: number
  readonly lastSequence: number
}

/** Reads the log and claims it. */
export async function openCredentialLog(options: CredentialLogOptions): Promise<CredentialLog> {
  const cipher = await options.keys.cipherOf(options.tenant, options.sessionId)
  const subject = subjects.credentials(options.sessionId)
  const claim = encodeLogEntry({ kind: 'claimed' })
  for (let attempt = 1; ; attempt += 1) {
    const replayed = await replay(options.nats, subject)
    try {
      const { sequence } = await options.publisher.publish(subject, claim, {
        expectedLastSubjectSequence: replayed.lastSequence,
        id: crypto.randomUUID(),
      })
      return new CredentialLog(options, cipher, subject, { ...replayed, lastSequence: sequence })
    } catch (error) {
      // The owner before us wrote in between: read that too.
      if (!(error instanceof WrongLastSequence) || attempt === CLAIM_ATTEMPTS) throw error
    }
  }
}

async function replay(nats: Nats, subject: string): Promise<Replayed> {
  const records = new Map<string, Sealed>()
  let bytes = 0
  let lastSequence = 0
  if ((await lastMessageOf(nats, STREAM, subject)) === undefined) return { records, bytes, lastSequence }
  await readMessages(nats, {
    stream: STREAM,
    filter: subject,
    from: 'all',
    onMessage: ({ sequence, data }) => {
      apply(records, decodeLogEntry(data))
      bytes += data.length
      lastSequence = sequence
    },
  })
  return { records, bytes, lastSequence }
}

const apply = (records: Map<string, Sealed>, entry: LogEntry): void => {
  switch (entry.kind) {
    case 'claimed':
      return
    case 'wiped':
      records.clear()
      return
    case 'records':
      for (const [name, sealed] of entry.records) {
        if (sealed === null) records.delete(name)
        else records.set(name, sealed)
      }
  }
}

/** The claimed log of one session. */
export class CredentialLog implements CredentialStore {
  readonly #options: CredentialLogOptions
  readonly #cipher: SessionCipher
  readonly #subject: string
  readonly #records: Map<string, Sealed>
  readonly #writer = crypto.randomUUID()
  #lastSequence: number
  #logBytes: number
  #compactAboveBytes: number
  #writes = 0
  #failure: Error | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: CredentialLogOptions, cipher: SessionCipher, subject: string, replayed: Replayed) {
    this.#options = options
    this.#cipher = cipher
    this.#subject = subject
    this.#records = replayed.records
    this.#lastSequence = replayed.lastSequence
    this.#logBytes = replayed.bytes
    this.#compactAboveBytes = this.#compactionThreshold()
  }

  /** True when nothing was ever written, or all was wiped. */
  get isEmpty(): boolean {
    return this.#records.size === 0
  }

  read(names: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    for (const name of names) {
      const sealed = this.#records.get(this.#hash(name))
      if (sealed !== undefined) found.set(name, this.#cipher.open(name, sealed))
    }
    return Promise.resolve(found)
  }

  async write(records: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    const sealed = new Map<string, Sealed | null>()
    for (const [name, plain] of records)
      sealed.set(this.#hash(name), plain === null ? null : this.#cipher.seal(name, plain))
    await this.#inTurn(async () => {
      await this.#append({ kind: 'records', records: sealed })
      if (this.#logBytes > this.#compactAboveBytes) await this.#compact()
    })
  }

  /** Forgets everything: the message replaces all before it. */
  async wipe(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#append({ kind: 'wiped' }, 'subject')
      this.#logBytes = 0
    })
  }

  /** Resolves when every write so far is stored or refused. */
  async settled(): Promise<void> {
    await this.#queue
  }

  #hash(name: string): string {
    return recordName(this.#cipher.hashName(name))
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #append(entry: LogEntry, rollup?: 'subject'): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const bytes = encodeLogEntry(entry)
    try {
      const { sequence } = await this.#options.publisher.publish(this.#subject, bytes, {
        expectedLastSubjectSequence: this.#lastSequence,
        id: `${this.#writer}.${(this.#writes += 1)}`,
        ...(rollup === undefined ? {} : { rollup }),
      })
      this.#lastSequence = sequence
    } catch (cause) {
      this.#failure =
        cause instanceof WrongLastSequence
          ? new CredentialsFencedError('another process owns the session', { cause })
          : new Error('credentials could not be stored', { cause })
      throw this.#failure
    }
    this.#logBytes += bytes.length
    apply(this.#records, entry)
  }

  #compactionThreshold(): number {
    let liveBytes = 0
    for (const sealed of this.#records.values()) liveBytes += sealed.length
    return Math.max(this.#options.compactAboveBytes ?? COMPACT_ABOVE_BYTES, COMPACT_ABOVE_RATIO * liveBytes)
  }

  async #compact(): Promise<void> {
    const sequenceBefore = this.#lastSequence
    this.#logBytes = 0
    for (const records of chunksOf(this.#records)) await this.#append({ kind: 'records', records })
    this.#compactAboveBytes = this.#compactionThreshold()
    // What is not purged now is purged by the next compaction.
    await purgeSubject(this.#options.nats, STREAM, this.#subject, { throughSequence: sequenceBefore }).catch(
      () => undefined,
    )
  }
}

function* chunksOf(records: ReadonlyMap<string, Sealed>): Iterable<Map<string, Sealed>> {
  let chunk = new Map<string, Sealed>()
  let bytes = 0
  for (const [name, sealed] of [...records]) {
    chunk.set(name, sealed)
    bytes += sealed.length
    if (bytes < CHUNK_BYTES) continue
    yield chunk
    chunk = new Map()
    bytes = 0
  }
  if (chunk.size > 0) yield chunk
}
