/**
 * The keys of a session as Baileys wants them, over the port's CredentialStore. One record a key. One write at a
 * time; what is asked for meanwhile goes together into the next. Only what is durable is ever read back: the cache
 * is filled after the write. After a write that failed there is no other.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

import {
  BufferJSON,
  initAuthCreds,
  proto,
  type AuthenticationCreds,
  type AuthenticationState,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from '@whiskeysockets/baileys'

import type { CredentialStore } from '../channel.ts'

const CREDS = 'creds'
/** Enough for the contacts in hand; Baileys' own cache has no bound and a timer that never ends. */
const CACHED_RECORDS = 5000

/** Turns to one session's stored keys; made anew for each connection. */
export class Authentication {
  readonly state: AuthenticationState
  readonly #store: CredentialStore
  readonly #onFailure: (error: unknown) => void
  readonly #cache = new Map<string, unknown>()
  #batch: { readonly records: Map<string, Uint8Array | null>; readonly done: Promise<void> } | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()
  #credsStored = Promise.resolve(true)
  #isSealed = false

  private constructor(
    store: CredentialStore,
    creds: AuthenticationCreds,
    onFailure: (error: unknown) => void,
  ) {
    this.#store = store
    this.#onFailure = onFailure
    this.state = { creds, keys: this.#keys() }
  }

  /** Reads the credentials; when none are linked yet it starts with new ones. */
  static async load(store: CredentialStore, onFailure: (error: unknown) => void): Promise<Authentication> {
    const bytes = (await store.read([CREDS])).get(CREDS)
    const stored = bytes && (decode(bytes) as AuthenticationCreds)
    const creds = stored?.account && stored.me ? stored : initAuthCreds()
    return new Authentication(store, creds, onFailure)
  }

  /** True once a phone has accepted this device. */
  get isLinked(): boolean {
    return this.state.creds.account !== undefined && this.state.creds.me !== undefined
  }

  /** Stores the credentials as they are now. */
  saveCreds(): void {
    const creds = encode(this.state.creds)
    this.#credsStored = this.#write(new Map([[CREDS, creds]])).then(
      () => true,
      () => false,
    )
  }

  /** True when the credentials that were saved last are durable; waits for that. */
  get areCredsStored(): Promise<boolean> {
    return this.#credsStored
  }

  /** Resolves when every write that was asked for has ended, well or badly. */
  async settled(): Promise<void> {
    for (let last; last !== this.#lastWrite;) {
      last = this.#lastWrite
      await last
    }
  }

  /** From now on nothing is written: the next connection of the session has the word. */
  seal(): void {
    this.#isSealed = true
  }

  #write(records: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    this.#batch ??= this.#startBatch()
    for (const [name, record] of records) this.#batch.records.set(name, record)
    return this.#batch.done
  }

  #startBatch(): { records: Map<string, Uint8Array | null>; done: Promise<void> } {
    const records = new Map<string, Uint8Array | null>()
    // A turn later: what one message is encrypted with for several devices is one write.
    const done = this.#lastWrite.then(nextTurn).then(() => {
      this.#batch = undefined
      if (this.#isSealed) throw new Error('The connection has ended; its keys are written no more')
      return this.#store.write(records)
    })
    this.#lastWrite = done.catch((error: unknown) => {
      if (!this.#isSealed) this.#onFailure(error)
      this.#isSealed = true
    })
    return { records, done }
  }

  #keys(): SignalKeyStore {
    return {
      get: async (type, ids) => {
        const values = await this.#get(type, ids)
        return Object.fromEntries(values) as Record<string, SignalDataTypeMap[typeof type]>
      },
      set: (data) => this.#set(data),
    }
  }

  async #get(type: keyof SignalDataTypeMap, ids: readonly string[]): Promise<[string, unknown][]> {
    const known = new Map<string, unknown>()
    for (const id of ids) {
      const name = recordName(type, id)
      if (this.#cache.has(name)) known.set(id, this.#remember(name, this.#cache.get(name)))
    }
    const missing = ids.filter((id) => !known.has(id))
    const found =
      missing.length > 0 ? await this.#store.read(missing.map((id) => recordName(type, id))) : null
    for (const id of missing) {
      const name = recordName(type, id)
      // A write that ended meanwhile knows better than what was read.
      const newest = this.#cache.has(name) ? this.#cache.get(name) : decodeKey(type, found?.get(name))
      known.set(id, this.#remember(name, newest))
    }
    return [...known].filter(([, value]) => value !== null)
  }

  async #set(data: SignalDataSet): Promise<void> {
    const values = new Map<string, unknown>()
    for (const [type, keys] of Object.entries(data)) {
      for (const [id, value] of Object.entries(keys)) values.set(recordName(type, id), value ?? null)
    }
    if (values.size === 0) return
    await this.#write(
      new Map([...values].map(([name, value]) => [name, value === null ? null : encode(value)])),
    )
    for (const [name, value] of values) this.#remember(name, value)
  }

  #remember(name: string, value: unknown): unknown {
    this.#cache.delete(name)
    // There are hundreds of one-time keys, each read at most once.
    if (name.startsWith('pre-key|')) return value
    this.#cache.set(name, value)
    const [oldest] = this.#cache.keys()
    if (this.#cache.size > CACHED_RECORDS && oldest !== undefined) this.#cache.delete(oldest)
    return value
  }
}

function recordName(type: string, id: string): string {
  return `${type}|${id}`
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value, BufferJSON.replacer))
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString(), BufferJSON.reviver)
}

/** `null`: the store has no such record. */
function decodeKey(type: keyof SignalDataTypeMap, bytes: Uint8Array | undefined): unknown {
  if (!bytes) return null
  const value = decode(bytes)
  return type === 'app-state-sync-key'
    ? proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>)
    : value
}
