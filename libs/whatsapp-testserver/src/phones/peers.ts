/** Everybody who is on WhatsApp. A person comes into being when somebody writes to them. */
import type { Faults } from '../faults.ts'
import type { Store } from '../store.ts'
import { Peer } from './peer.ts'

const NOT_ON_WHATSAPP = '00000'

export class Peers {
  readonly #seed: string
  readonly #store: Store
  readonly #faults: Faults
  readonly #peers = new Map<string, Peer>()

  constructor(seed: string, store: Store, faults: Faults) {
    this.#seed = seed
    this.#store = store
    this.#faults = faults
  }

  /** Numbers that end in 00000 are not on WhatsApp, nor are those that a fault hides. */
  exists(phone: string): boolean {
    return !phone.endsWith(NOT_ON_WHATSAPP) && !this.#faults.isHidden(phone)
  }

  of(phone: string): Peer {
    const peer = this.#peers.get(phone) ?? new Peer(phone, this.#seed, this.#store)
    this.#peers.set(phone, peer)
    return peer
  }
}
