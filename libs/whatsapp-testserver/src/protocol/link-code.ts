/**
 * Links a device by a code that its user types into the phone. The server only carries what the two agree on; here it
 * plays the phone as well.
 */
import { randomBytes } from 'node:crypto'

import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  Curve,
  derivePairingCodeKey,
  hkdf,
} from '@whiskeysockets/baileys'

import type { Connection } from '../connection.ts'
import type { KeyPair } from '../wire/keys.ts'
import { readJid } from '../wire/jids.ts'
import { bytesAt, node, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'
import { notification, PairingError, type Pairing } from './pairing.ts'

/** A name that a phone can show to its user. Others are refused, without a word to the user. */
const DISPLAY = /^[\w ]+ \((Windows|Mac OS|Ubuntu|Linux)\)$/
const SALT = 32
const IV = 16
const EMPTY = Buffer.alloc(0)

interface Request {
  readonly connection: Connection
  readonly phone: string
  readonly ref: string
  /** The client's key of this exchange, encrypted with the code. */
  readonly wrapped: Buffer
  /** Set when the code was typed. */
  exchange?: { readonly theirs: Buffer; readonly ours: KeyPair }
}

export class LinkCodes {
  readonly #world: World
  readonly #pairing: Pairing
  readonly #requests = new Map<string, Request>()

  constructor(world: World, pairing: Pairing) {
    this.#world = world
    this.#pairing = pairing
  }

  /** A step of a client that asked for a code. */
  take(connection: Connection, query: BinaryNode, step: BinaryNode): void {
    if (step.attrs['stage'] === 'companion_hello') this.#begin(connection, query, step)
    else if (step.attrs['stage'] === 'companion_finish') this.#finish(connection, query, step)
    else connection.refuse(query, 400, 'bad-request')
  }

  /** The user of this phone types the code. */
  async type(phone: string, code: string): Promise<void> {
    const request = this.#requests.get(phone)
    if (!request?.connection.isOpen) throw new PairingError('nobody asked for a code for this number')
    const { wrapped, connection, ref } = request
    const key = await derivePairingCodeKey(code, wrapped.subarray(0, SALT))
    const theirs = aesDecryptCTR(wrapped.subarray(SALT + IV), key, wrapped.subarray(SALT, SALT + IV))
    const ours = Curve.generateKeyPair()
    request.exchange = {
      theirs,
      ours: { public: Buffer.from(ours.public), private: Buffer.from(ours.private) },
    }
    const salt = randomBytes(SALT)
    const iv = randomBytes(IV)
    const answer = aesEncryptCTR(ours.public, await derivePairingCodeKey(code, salt), iv)
    const hello = node('link_code_companion_reg', { stage: 'primary_hello' }, [
      node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, Buffer.concat([salt, iv, answer])),
      node('primary_identity_pub', {}, this.#world.peers.of(phone).identity.public),
      node('link_code_pairing_ref', {}, Buffer.from(ref)),
    ])
    connection.send(notification('link_code_companion_reg', [hello]))
  }

  end(connection: Connection): void {
    for (const [phone, request] of this.#requests) {
      if (request.connection === connection) this.#requests.delete(phone)
    }
  }

  #begin(connection: Connection, query: BinaryNode, step: BinaryNode): void {
    const phone = readJid(step.attrs['jid'])?.phone
    const display = bytesAt(step, 'companion_platform_display').toString()
    const isKnown = phone !== undefined && this.#world.peers.exists(phone)
    if (!isKnown || !DISPLAY.test(display)) {
      connection.refuse(query, 400, 'bad-request')
      return
    }
    const ref = `3@${randomBytes(8).toString('hex')}`
    const wrapped = bytesAt(step, 'link_code_pairing_wrapped_companion_ephemeral_pub')
    this.#requests.set(phone, { connection, phone, ref, wrapped })
    const answer = node('link_code_companion_reg', { stage: 'companion_hello' }, [
      node('link_code_pairing_ref', {}, Buffer.from(ref)),
    ])
    connection.answer(query, [answer])
  }

  #finish(connection: Connection, query: BinaryNode, step: BinaryNode): void {
    const ref = bytesAt(step, 'link_code_pairing_ref').toString()
    const request = [...this.#requests.values()].find((known) => known.ref === ref)
    if (!request?.exchange || request.connection !== connection) {
      connection.refuse(query, 404, 'item-not-found')
      return
    }
    const identity = bytesAt(step, 'companion_identity_public')
    const bundle = bytesAt(step, 'link_code_pairing_wrapped_key_bundle')
    const secret = this.#secretOf(request.phone, request.exchange, identity, bundle)
    connection.answer(query)
    this.#requests.delete(request.phone)
    this.#pairing.link(connection, request.phone, identity, secret)
  }

  /** The secret that both sides derive; the bundle holds what only the client knows of it. */
  #secretOf(
    phone: string,
    { theirs, ours }: { readonly theirs: Buffer; readonly ours: KeyPair },
    identity: Buffer,
    bundle: Buffer,
  ): Buffer {
    const shared = Curve.sharedKey(ours.private, theirs)
    const info = 'link_code_pairing_key_bundle_encryption_key'
    const key = hkdf(shared, 32, { salt: bundle.subarray(0, SALT), info })
    const opened = aesDecryptGCM(bundle.subarray(SALT + 12), key, bundle.subarray(SALT, SALT + 12), EMPTY)
    const random = opened.subarray(64)
    const identities = Curve.sharedKey(this.#world.peers.of(phone).identity.private, identity)
    return Buffer.from(hkdf(Buffer.concat([shared, identities, random]), 32, { info: 'adv_secret' }))
  }
}
