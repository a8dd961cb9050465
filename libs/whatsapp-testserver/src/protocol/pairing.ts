/**
 * Links new devices. A device shows a QR; a phone that sees it answers with proofs made with the secret in it, which
 * never passes the server. So somebody has to show the QR to the phone: `show` is the camera.
 */
import { randomBytes } from 'node:crypto'

import { hmacSign, proto, unixTimestampSeconds, WA_ADV_ACCOUNT_SIG_PREFIX } from '@whiskeysockets/baileys'

import type { Connection } from '../connection.ts'
import type { Device } from '../phones/accounts.ts'
import { lidJid, phoneJid } from '../wire/jids.ts'
import { derive } from '../wire/keys.ts'
import { node, SERVER, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'

const REFS = 6
const PHONE_PREFIX = '98990'

/** A pairing request that cannot be fulfilled. */
export class PairingError extends Error {
  override readonly name = 'PairingError'
}

/** What a QR says. */
interface Code {
  readonly ref: string
  readonly identity: Buffer
  readonly secret: Buffer
}

interface Candidate {
  readonly connection: Connection
  readonly keys: proto.ClientPayload.IDevicePairingRegistrationData
  readonly refs: ReadonlySet<string>
  /** The newest QR that a phone saw. */
  shown?: Code
  timer?: NodeJS.Timeout
  isLinked: boolean
}

export class Pairing {
  readonly #world: World
  readonly #candidates = new Map<Connection, Candidate>()
  /** The numbers that scan next. */
  readonly #next: string[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** A client without an account: it gets what its QRs are made of. */
  begin(connection: Connection, keys: proto.ClientPayload.IDevicePairingRegistrationData): void {
    const refs = Array.from({ length: REFS }, () => `2@${randomBytes(24).toString('base64url')}`)
    this.#candidates.set(connection, { connection, keys, refs: new Set(refs), isLinked: false })
    const offers = refs.map((ref) => node('ref', {}, Buffer.from(ref)))
    connection.send(this.#query([node('pair-device', {}, offers)]))
    this.#interfere(connection)
  }

  /** Whether this client is still to be linked. */
  isCandidate(connection: Connection): boolean {
    return this.#candidates.has(connection)
  }

  end(connection: Connection): void {
    clearTimeout(this.#candidates.get(connection)?.timer)
    this.#candidates.delete(connection)
  }

  close(): void {
    for (const connection of [...this.#candidates.keys()]) this.end(connection)
  }

  /** A phone sees a QR and scans it after a while. A newer one of the same client takes its place. */
  show(qr: string): void {
    const code = readCode(qr)
    const candidate = this.#candidateOf(code.ref)
    candidate.shown = code
    if (candidate.timer || candidate.isLinked) return
    const isAwaited = this.#next.length > 0
    if (!isAwaited && !this.#world.settings.autoScan) return
    candidate.timer = setTimeout(
      () => {
        if (candidate.shown && !candidate.isLinked) this.#scan(candidate, candidate.shown, this.#nextPhone())
      },
      isAwaited ? 0 : this.#world.settings.scanDelayMs,
    )
  }

  /** A phone scans this QR now. Tells its number. */
  scan(qr: string, phone = this.#nextPhone()): string {
    const code = readCode(qr)
    this.#scan(this.#candidateOf(code.ref), code, phone)
    return phone
  }

  /** This number scans what is shown now, or the next QR that is. True when it has scanned. */
  scanNext(phone: string): boolean {
    for (const candidate of this.#candidates.values()) {
      if (!candidate.shown || candidate.isLinked) continue
      this.#scan(candidate, candidate.shown, phone)
      return true
    }
    this.#next.push(phone)
    return false
  }

  /** Sends a client what proves that the phone has accepted it. The secret is known to the two alone. */
  link(connection: Connection, phone: string, identity: Uint8Array, secret: Uint8Array): Device {
    const candidate = this.#candidates.get(connection)
    if (!candidate || candidate.isLinked) throw new PairingError('this client is linked already or gone')
    clearTimeout(candidate.timer)
    candidate.isLinked = true
    const device = this.#world.accounts.link(phone, readKeys(candidate.keys, identity))
    const { identity: account } = this.#world.peers.of(phone)
    const rawId = this.#world.peers.of(phone).registrationId
    const fields = { rawId, timestamp: unixTimestampSeconds(), keyIndex: device.device }
    const details = proto.ADVDeviceIdentity.encode(fields).finish()
    const statement = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, identity])
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: account.public,
      accountSignature: account.sign(statement),
    }).finish()
    const hmac = hmacSign(Buffer.from(signed), secret)
    const deviceIdentity = proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()
    connection.send(this.#query([pairSuccess(device, deviceIdentity)]))
    return device
  }

  #scan(candidate: Candidate, { identity, secret }: Code, phone: string): void {
    this.link(candidate.connection, phone, identity, secret)
  }

  /** The numbers that were asked for, then fresh ones. */
  #nextPhone(): string {
    const awaited = this.#next.shift()
    if (awaited !== undefined) return awaited
    const { phones } = this.#world.accounts
    for (let turn = phones.size + 1; ; turn += 1) {
      const digits = derive(this.#world.settings.seed, 'account', turn).readUInt32BE() % 1e7
      const phone = PHONE_PREFIX + String(digits).padStart(7, '0')
      if (!phones.has(phone) && this.#world.peers.exists(phone)) return phone
    }
  }

  #candidateOf(ref: string): Candidate {
    const candidate = [...this.#candidates.values()].find(({ refs }) => refs.has(ref))
    if (!candidate) throw new PairingError('this QR is unknown or has expired')
    return candidate
  }

  #interfere(connection: Connection): void {
    const { settings, faults } = this.#world
    if (faults.take('companionRefresh') || settings.companionRefresh) {
      connection.send(notification('companion_reg_refresh'))
    }
    const other = faults.take('pairingNotification')
    if (other) connection.send(notification(other.notification))
  }

  #query(content: BinaryNode[]): BinaryNode {
    const id = randomBytes(4).toString('hex')
    return node('iq', { from: SERVER, type: 'set', id, xmlns: 'md' }, content)
  }
}

/** The text of a QR: an address, then the reference, the Noise key, the identity and the secret. */
function readCode(qr: string): Code {
  const [ref = '', , identity = '', secret = ''] = qr.slice(qr.indexOf('#') + 1).split(',')
  if (!ref || !identity || !secret) throw new PairingError('this is no QR of WhatsApp')
  return { ref, identity: Buffer.from(identity, 'base64'), secret: Buffer.from(secret, 'base64') }
}

function readKeys(keys: proto.ClientPayload.IDevicePairingRegistrationData, identity: Uint8Array) {
  const { eRegid, eSkeyId, eSkeyVal, eSkeySig } = keys
  if (!eRegid || !eSkeyId || !eSkeyVal || !eSkeySig) throw new PairingError('the client sent no keys')
  const signedPreKey = {
    id: Buffer.from(eSkeyId).readUIntBE(0, eSkeyId.length),
    key: eSkeyVal,
    signature: eSkeySig,
  }
  return { registrationId: Buffer.from(eRegid).readUInt32BE(), identity, signedPreKey }
}

function pairSuccess({ phone, device }: Device, deviceIdentity: Uint8Array): BinaryNode {
  return node('pair-success', {}, [
    node('device-identity', {}, deviceIdentity),
    node('device', { jid: phoneJid(phone, device), lid: lidJid(phone, device) }),
    node('platform', { name: 'android' }),
  ])
}

export function notification(type: string, content: BinaryNode[] = [node(type)]): BinaryNode {
  return node(
    'notification',
    { from: SERVER, type, id: randomBytes(4).toString('hex'), t: stanzaTime() },
    content,
  )
}
