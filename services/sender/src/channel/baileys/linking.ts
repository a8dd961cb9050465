/** Links a phone: shows QR codes or asks for a pairing code, and understands the answers that Baileys does not. */
import { randomBytes } from 'node:crypto'

import { buildAckStanza, getBinaryNodeChild, type BinaryNode, type WASocket } from '@whiskeysockets/baileys'

import type { ChannelLog, ClosedEvent, ConnectionEvent, LinkMethod } from '../channel.ts'
import { qrPicture } from './qr-picture.ts'

const FIRST_QR_MS = 60_000
const NEXT_QR_MS = 20_000
/** The account's secret is the fourth part of a QR's text. */
const SECRET_FIELD = 3
const PASSKEY = /passkey|crsc/
const PASSKEY_WORDS =
  'WhatsApp asks this account for a passkey to link a device, which only its own apps can give. ' +
  'Link again without a passkey (WhatsApp: Settings, Account, Passkeys), or use another number'
interface LinkingOptions {
  readonly sock: WASocket
  readonly link: LinkMethod
  /** Overrides how long a QR lives. */
  readonly qrTimeoutMs: number | undefined
  readonly log: ChannelLog
  readonly emit: (event: ConnectionEvent) => void
  readonly refuse: (closed: ClosedEvent) => void
  /** Waits until the credentials are durable; false when they will not be. */
  readonly areCredsStored: () => Promise<boolean>
}

export class Linking {
  readonly #options: LinkingOptions
  #shown: { readonly text: string; readonly expiresAt: Date } | undefined
  #isCodeRequested = false
  #unknownAnswer: string | undefined

  constructor(options: LinkingOptions) {
    this.#options = options
    const { ws } = options.sock
    ws.on('CB:notification', (node: BinaryNode) => {
      this.#onNotification(node)
    })
    ws.on('CB:iq,type:error', () => {
      this.#refuse('WhatsApp refused the request to link this phone')
    })
  }

  /** WhatsApp offers to link, with a new QR text each time. */
  async onOffer(text: string): Promise<void> {
    if (this.#options.link.method === 'code') {
      await this.#requestCode(this.#options.link.phone)
      return
    }
    const ms = this.#options.qrTimeoutMs ?? (this.#shown ? NEXT_QR_MS : FIRST_QR_MS)
    this.#shown = { text, expiresAt: new Date(Date.now() + ms) }
    await this.#show()
  }

  /** Linking ended without success: a refusal, if WhatsApp said something that nobody understood. */
  explain(closed: ClosedEvent): ClosedEvent {
    if (closed.cause !== 'qr_expired' || this.#unknownAnswer === undefined) return closed
    const detail = `WhatsApp answered with "${this.#unknownAnswer}", which this version does not understand`
    return { type: 'closed', cause: 'pairing_refused', detail }
  }

  async #requestCode(phone: string): Promise<void> {
    if (this.#isCodeRequested) return
    this.#isCodeRequested = true
    const code = await this.#options.sock.requestPairingCode(phone)
    this.#options.emit({ type: 'pairing_code', code })
  }

  async #show(): Promise<void> {
    const shown = this.#shown
    const text = this.#currentText()
    if (!shown || text === undefined) return
    const pngDataUrl = await qrPicture(text)
    // A newer QR, or a new secret, may have come meanwhile.
    if (text !== this.#currentText()) return
    this.#options.emit({ type: 'qr', text, pngDataUrl, expiresAt: shown.expiresAt })
  }

  #currentText(): string | undefined {
    return this.#shown && withSecret(this.#shown.text, this.#options.sock.authState.creds.advSecretKey)
  }

  #onNotification(node: BinaryNode): void {
    const { sock, log } = this.#options
    const type = node.attrs['type'] ?? 'unknown'
    if (sock.authState.creds.account) return
    // Baileys cannot acknowledge anything before it knows its own number.
    if (!sock.authState.creds.me) void sock.sendNode(buildAckStanza(node)).catch(() => undefined)
    if (type === 'companion_reg_refresh') void this.#refresh()
    else if (type === 'link_code_companion_reg') this.#checkCodeAnswer(node)
    else if (PASSKEY.test(type)) this.#refuse(PASSKEY_WORDS)
    else {
      this.#unknownAnswer = type
      log.warn({ answer: type }, 'whatsapp answered a link request with something unknown')
    }
  }

  /** WhatsApp wants another secret; Baileys (rc14) ignores that, and the phone would refuse the old QR. */
  async #refresh(): Promise<void> {
    const { sock, link, areCredsStored } = this.#options
    // With a pairing code the secret is agreed upon later, between the two devices.
    if (link.method === 'code') return
    sock.ev.emit('creds.update', { advSecretKey: randomBytes(32).toString('base64') })
    if (await areCredsStored()) await this.#show()
  }

  #checkCodeAnswer(node: BinaryNode): void {
    const answer = getBinaryNodeChild(node, 'link_code_companion_reg')
    const isComplete =
      getBinaryNodeChild(answer, 'primary_identity_pub') !== undefined &&
      getBinaryNodeChild(answer, 'link_code_pairing_wrapped_primary_ephemeral_pub') !== undefined
    if (!isComplete)
      this.#refuse('The phone answered the pairing code in a way that is not understood. Use the QR')
  }

  #refuse(detail: string): void {
    if (this.#options.sock.authState.creds.account) return
    this.#options.refuse({ type: 'closed', cause: 'pairing_refused', detail })
  }
}

function withSecret(text: string, secret: string): string {
  const fields = text.split(',')
  fields[SECRET_FIELD] = secret
  return fields.join(',')
}
