/** The app on somebody's phone: its keys, and its Signal sessions with the devices that write to it. */
import {
  DEFAULT_CONNECTION_CONFIG,
  encodeBigEndian,
  encodeWAMessage,
  proto,
  unpadRandomMax16,
  xmppPreKey,
  xmppSignedPreKey,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignedKeyPair,
} from '@whiskeysockets/baileys'

import { bytesOf, node, stanzaTime, type BinaryNode } from '../wire/node.ts'
import {
  derive,
  deriveKeyPair,
  deriveSigningKeyPair,
  signalKey,
  type KeyPair,
  type SigningKeyPair,
} from '../wire/keys.ts'
import type { Store } from '../store.ts'

type SignalRepository = ReturnType<typeof DEFAULT_CONNECTION_CONFIG.makeSignalRepository>

/** What a peer needs to write first to a device. */
export interface KeyBundle {
  readonly registrationId: number
  readonly identity: Uint8Array
  readonly signedPreKey: SignedKey
  readonly preKey?: { readonly id: number; readonly key: Uint8Array } | undefined
}

export interface SignedKey {
  readonly id: number
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

const SIGNED_PRE_KEY_ID = 1

const silent = {
  level: 'silent',
  child: () => silent,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

export class Peer {
  readonly phone: string
  readonly #store: Store
  readonly #seed: string
  #identity: SigningKeyPair | undefined
  #signedPreKey: SignedKeyPair | undefined
  #nextPreKeyId = 1

  constructor(phone: string, seed: string, store: Store) {
    this.phone = phone
    this.#seed = seed
    this.#store = store
  }

  get identity(): SigningKeyPair {
    return (this.#identity ??= deriveSigningKeyPair(this.#seed, 'identity', this.phone))
  }

  get registrationId(): number {
    return derive(this.#seed, 'registration', this.phone).readUInt16BE() & 0x3fff
  }

  /** The keys with which a device opens a session to this peer, with a one-time key of its own. */
  bundle(jid: string): BinaryNode {
    const id = this.#nextPreKeyId++
    return node('user', { jid, t: stanzaTime() }, [
      node('registration', {}, encodeBigEndian(this.registrationId)),
      node('type', {}, Buffer.from([5])),
      node('identity', {}, this.identity.public),
      xmppSignedPreKey(this.#signed),
      xmppPreKey(this.#preKey(id), id),
    ])
  }

  /** Reads what the device at this address encrypted; throws when it cannot. */
  async decrypt(from: string, encrypted: BinaryNode): Promise<proto.IMessage> {
    const type = encrypted.attrs['type'] === 'pkmsg' ? 'pkmsg' : 'msg'
    const ciphertext = bytesOf(encrypted)
    const padded = await this.#signal((signal) => signal.decryptMessage({ jid: from, type, ciphertext }))
    return proto.Message.decode(unpadRandomMax16(padded))
  }

  /** Encrypts for the device at this address; `bundle` is asked for its keys when there is no session yet. */
  async encrypt(to: string, message: proto.IMessage, bundle: () => KeyBundle): Promise<BinaryNode> {
    return this.#signal(async (signal) => {
      const { exists } = await signal.validateSession(to)
      if (!exists) await signal.injectE2ESession({ jid: to, session: sessionOf(bundle()) })
      const { type, ciphertext } = await signal.encryptMessage({ jid: to, data: encodeWAMessage(message) })
      return node('enc', { v: '2', type }, ciphertext)
    })
  }

  /** Forgets the session with the device at this address. */
  async forget(address: string): Promise<void> {
    await this.#signal((signal) => signal.deleteSession([address]))
  }

  get #signed(): SignedKeyPair {
    return (this.#signedPreKey ??= this.#sign(deriveKeyPair(this.#seed, 'signed', this.phone)))
  }

  #sign(keyPair: KeyPair): SignedKeyPair {
    const signature = this.identity.sign(signalKey(keyPair.public))
    return { keyPair, signature, keyId: SIGNED_PRE_KEY_ID }
  }

  #preKey(id: number): KeyPair {
    return deriveKeyPair(this.#seed, 'one-time', this.phone, id)
  }

  /** Baileys' Signal code is made for one use: kept, its caches would cost more than all the sessions. */
  async #signal<T>(use: (signal: SignalRepository) => Promise<T>): Promise<T> {
    const creds = {
      signedIdentityKey: this.identity,
      signedPreKey: this.#signed,
      registrationId: this.registrationId,
    }
    const keys = {
      get: <K extends keyof SignalDataTypeMap>(type: K, ids: string[]) => this.#get(type, ids),
      set: (data: SignalDataSet) => this.#set(data),
      isInTransaction: () => false,
      transaction: <R>(work: () => Promise<R>) => work(),
    }
    const signal = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds, keys }, silent)
    try {
      return await use(signal)
    } finally {
      signal.close?.()
    }
  }

  #get<K extends keyof SignalDataTypeMap>(
    type: K,
    ids: readonly string[],
  ): Record<string, SignalDataTypeMap[K]> {
    const found: Record<string, unknown> = {}
    for (const id of ids) {
      if (type === 'session') found[id] = this.#store.get(this.#sessionKey(id))
      if (type === 'pre-key') found[id] = this.#preKey(Number(id))
    }
    return found as Record<string, SignalDataTypeMap[K]>
  }

  /** Only sessions have to be kept: the other keys can be computed, and identities are not checked here. */
  #set({ session = {} }: SignalDataSet): void {
    for (const [id, value] of Object.entries(session)) {
      if (value === null) this.#store.delete(this.#sessionKey(id))
      else this.#store.set(this.#sessionKey(id), value)
    }
  }

  #sessionKey(id: string): string {
    return `session/${this.phone}/${id}`
  }
}

function sessionOf({ registrationId, identity, signedPreKey, preKey }: KeyBundle) {
  return {
    registrationId,
    identityKey: signalKey(identity),
    signedPreKey: {
      keyId: signedPreKey.id,
      publicKey: signalKey(signedPreKey.key),
      signature: signedPreKey.signature,
    },
    ...(preKey && { preKey: { keyId: preKey.id, publicKey: signalKey(preKey.key) } }),
  }
}
