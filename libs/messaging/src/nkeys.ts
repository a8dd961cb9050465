// Keys of NATS users: the server knows the public key, the user signs with the seed.
import { nkeys } from 'nats'

export interface Nkey {
  /** Begins with U: what a server's configuration names. */
  readonly publicKey: string
  /** Begins with SU: a secret. */
  readonly seed: string
}

/** The client passes its library of keys on without types. */
interface KeyPair {
  getPublicKey(): string
  getSeed(): Uint8Array
}
const { createUser, fromSeed } = nkeys as {
  readonly createUser: () => KeyPair
  readonly fromSeed: (seed: Uint8Array) => KeyPair
}

/** A new key of a user. */
export const createNkey = (): Nkey => {
  const pair = createUser()
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) }
}

/** The public key of a seed; throws when it is none. */
export const publicKeyOf = (seed: string): string => fromSeed(new TextEncoder().encode(seed)).getPublicKey()
