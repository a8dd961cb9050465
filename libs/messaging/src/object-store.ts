import type { Nats } from './connection.ts'

export interface ObjectInfo {
  readonly name: string
  readonly size: number
  readonly chunks: number
  readonly sha256: string
  readonly storedAt: Date
  readonly metadata: Readonly<Record<string, string>>
}

/** Large objects in chunks. An object is seen whole or not at all. */
export interface ObjectStore {
  readonly name: string
  /** Replaces an object of the same name when all of it is stored. Throws StreamFull. */
  put(
    name: string,
    content: AsyncIterable<Uint8Array>,
    options?: { readonly metadata?: Readonly<Record<string, string>>; readonly maxBytes?: number },
  ): Promise<ObjectInfo>
  /** Undefined if it is not there; reading throws ObjectDamaged if a byte is wrong. */
  get(
    name: string,
  ): Promise<{ readonly info: ObjectInfo; readonly content: AsyncIterable<Uint8Array> } | undefined>
  info(name: string): Promise<ObjectInfo | undefined>
  delete(name: string): Promise<void>
  names(): Promise<readonly string[]>
}

/** An object store that ensureStreams made. */
export function openObjectStore(nats: Nats, name: string): ObjectStore {
  throw new Error(nats.name + name)
}
