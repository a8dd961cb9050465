/** Fetches and decrypts an attachment, as the app of its recipient does. */
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto'

import { getMediaKeys, type MediaType } from '@whiskeysockets/baileys'

import type { MediaHost } from './media-host.ts'

/** What a message says about its file. */
export interface AnnouncedFile {
  readonly type: MediaType
  readonly directPath: string
  readonly mediaKey: Uint8Array
  readonly fileSha256: Uint8Array
  readonly fileEncSha256: Uint8Array
}

export type Opened = { readonly sha256: string; readonly bytes: number } | { readonly problem: string }

const MAC_BYTES = 10
const REMEMBERED = 1000

export class AttachmentReader {
  readonly #host: MediaHost
  /** One upload goes to thousands of recipients. */
  readonly #opened = new Map<string, Opened>()

  constructor(host: MediaHost) {
    this.#host = host
  }

  async open(file: AnnouncedFile): Promise<Opened> {
    const parts = [file.directPath, ...[file.mediaKey, file.fileSha256, file.fileEncSha256].map(base64)]
    const key = parts.join('/')
    const known = this.#opened.get(key)
    if (known) return known
    const opened = await this.#decrypt(file)
    if ('problem' in opened) return opened
    if (this.#opened.size >= REMEMBERED) this.#opened.clear()
    this.#opened.set(key, opened)
    return opened
  }

  async #decrypt(file: AnnouncedFile): Promise<Opened> {
    const encrypted = this.#host.fetch(file.directPath)
    if (!encrypted) return { problem: 'the file is not there' }
    if (!isSame(sha256(encrypted), file.fileEncSha256))
      return { problem: 'the encrypted file is another one' }
    const { iv, cipherKey, macKey } = await getMediaKeys(file.mediaKey, file.type)
    const body = encrypted.subarray(0, -MAC_BYTES)
    if (!macKey) return { problem: 'there is no key for it' }
    const mac = createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, MAC_BYTES)
    if (!isSame(mac, encrypted.subarray(-MAC_BYTES))) return { problem: 'the file is not authentic' }
    const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
    const plain = Buffer.concat([decipher.update(body), decipher.final()])
    if (!isSame(sha256(plain), file.fileSha256)) return { problem: 'the file is not what was announced' }
    return { sha256: sha256(plain).toString('hex'), bytes: plain.length }
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
