/** The answering side of Noise_XX_25519_AESGCM_SHA256, and WhatsApp's frames: three bytes of length, then the frame. */
import {
  aesDecryptGCM,
  aesEncryptGCM,
  Curve,
  encodeBigEndian,
  hkdf,
  NOISE_MODE,
  NOISE_WA_HEADER,
  proto,
  sha256,
} from '@whiskeysockets/baileys'

import type { KeyPair } from './keys.ts'

const LENGTH_BYTES = 3
/** Clients that were routed before begin with this and a length of three bytes after four others. */
const ROUTING_MARK = 'ED'
const EMPTY = Buffer.alloc(0)

/** The peer did not speak the protocol. */
export class NoiseError extends Error {
  override readonly name = 'NoiseError'
}

export class Noise {
  readonly #ephemeral = Curve.generateKeyPair()
  #hash: Buffer = Buffer.from(NOISE_MODE)
  #salt: Buffer = this.#hash
  #key: Buffer = this.#hash
  #counter = 0
  #buffered: Buffer = EMPTY
  #isIntroduced = false
  #transport: { readonly read: Buffer; readonly write: Buffer; reads: number; writes: number } | undefined

  constructor() {
    this.#authenticate(NOISE_WA_HEADER)
  }

  /** Cuts what arrived into frames, decrypted once the handshake is over. */
  *frames(chunk: Buffer): Generator<Buffer> {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk])
    if (!this.#introduce()) return
    while (this.#buffered.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#buffered.readUIntBE(0, LENGTH_BYTES)
      if (this.#buffered.length < end) return
      const frame = this.#buffered.subarray(LENGTH_BYTES, end)
      this.#buffered = this.#buffered.subarray(end)
      yield this.#open(frame)
    }
  }

  /** Packs a frame, encrypted once the handshake is over. */
  seal(payload: Uint8Array): Buffer {
    const transport = this.#transport
    const frame = transport
      ? aesEncryptGCM(payload, transport.write, nonce(transport.writes++), EMPTY)
      : payload
    return Buffer.concat([encodeBigEndian(frame.length, LENGTH_BYTES), frame])
  }

  /** Answers the client's hello with our key and its certificate. */
  answerHello(frame: Uint8Array, identity: KeyPair, certificate: Uint8Array): Uint8Array {
    const theirs = proto.HandshakeMessage.decode(frame).clientHello?.ephemeral
    if (!theirs) throw new NoiseError('no client hello')
    this.#authenticate(theirs)
    this.#authenticate(this.#ephemeral.public)
    this.#mix(Curve.sharedKey(this.#ephemeral.private, theirs))
    const encryptedIdentity = this.#encrypt(identity.public)
    this.#mix(Curve.sharedKey(identity.private, theirs))
    const payload = this.#encrypt(certificate)
    const serverHello = { ephemeral: this.#ephemeral.public, static: encryptedIdentity, payload }
    return proto.HandshakeMessage.encode({ serverHello }).finish()
  }

  /** Reads who the client is; from here on everything is encrypted. */
  finish(frame: Uint8Array): proto.ClientPayload {
    const final = proto.HandshakeMessage.decode(frame).clientFinish
    if (!final?.static || !final.payload) throw new NoiseError('no client finish')
    this.#mix(Curve.sharedKey(this.#ephemeral.private, this.#decrypt(final.static)))
    const payload = proto.ClientPayload.decode(this.#decrypt(final.payload))
    const [read, write] = this.#expand(EMPTY)
    this.#transport = { read, write, reads: 0, writes: 0 }
    return payload
  }

  #introduce(): boolean {
    if (this.#isIntroduced) return true
    const start = this.#routingLength()
    if (start === undefined || this.#buffered.length < start + NOISE_WA_HEADER.length) return false
    const header = this.#buffered.subarray(start, start + NOISE_WA_HEADER.length)
    if (!header.equals(NOISE_WA_HEADER)) throw new NoiseError('not the header of WhatsApp')
    this.#buffered = this.#buffered.subarray(start + NOISE_WA_HEADER.length)
    this.#isIntroduced = true
    return true
  }

  #routingLength(): number | undefined {
    if (this.#buffered.subarray(0, 2).toString() !== ROUTING_MARK) return 0
    return this.#buffered.length < 7 ? undefined : 7 + this.#buffered.readUIntBE(4, LENGTH_BYTES)
  }

  #open(frame: Buffer): Buffer {
    const transport = this.#transport
    return transport ? aesDecryptGCM(frame, transport.read, nonce(transport.reads++), EMPTY) : frame
  }

  #authenticate(data: Uint8Array): void {
    this.#hash = sha256(Buffer.concat([this.#hash, data]))
  }

  #mix(secret: Uint8Array): void {
    ;[this.#salt, this.#key] = this.#expand(secret)
    this.#counter = 0
  }

  #expand(secret: Uint8Array): [Buffer, Buffer] {
    const key = Buffer.from(hkdf(Buffer.from(secret), 64, { salt: this.#salt, info: '' }))
    return [key.subarray(0, 32), key.subarray(32)]
  }

  #encrypt(plain: Uint8Array): Buffer {
    const encrypted = aesEncryptGCM(plain, this.#key, nonce(this.#counter++), this.#hash)
    this.#authenticate(encrypted)
    return encrypted
  }

  #decrypt(encrypted: Uint8Array): Buffer {
    const plain = aesDecryptGCM(encrypted, this.#key, nonce(this.#counter++), this.#hash)
    this.#authenticate(encrypted)
    return plain
  }
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(counter, 8)
  return bytes
}
