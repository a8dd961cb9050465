/**
 * Sends messages over one socket. Baileys alone says "sent" when a number is not on WhatsApp, when a look-up timed
 * out and when it could not encrypt; here a send is what WhatsApp acknowledged, and nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { jidNormalizedUser, type BinaryNode, type WASocket } from '@whiskeysockets/baileys'

import type { NotHandedOverReason, SendRequest, SendResult } from '../channel.ts'
import { Acks, resultOfAck } from './acks.ts'
import { refusalCode } from './disconnect-cause.ts'
import { HandOver, installHandOver } from './hand-over.ts'
import { userOf } from './incoming.ts'
import { messageOf } from './media.ts'
import { EndedError, onAbort, TimedOutError, within } from './within.ts'

/** How many recipients one look-up asks for. */
const BATCH = 100

interface SenderOptions {
  readonly sock: WASocket
  /** Fires when the connection ends. */
  readonly ended: AbortSignal
  /** How long a send may take until it is handed over, and then until its ack. */
  readonly sendDeadlineMs: number
  readonly queryTimeoutMs: number
  /** An ack that nobody waits for any more. */
  readonly onLateAck: (messageId: string, at: Date) => void
}

export class Sender {
  readonly #options: SenderOptions
  readonly #acks = new Acks()

  constructor(options: SenderOptions) {
    this.#options = options
    installHandOver(options.sock)
    options.sock.ws.on('CB:ack,class:message', (node: BinaryNode) => {
      this.#onAck(node)
    })
    onAbort(options.ended, () => {
      this.#acks.closeAll()
    })
  }

  /** A receipt proves a message sent, even when its ack is lost. */
  onReceipt(messageIds: readonly string[], at: Date): void {
    for (const messageId of messageIds) this.#acks.settle(messageId, { outcome: 'sent', at })
  }

  async warm(phones: readonly string[]): Promise<void> {
    for (let start = 0; start < phones.length; start += BATCH) {
      await this.#lookUp(phones.slice(start, start + BATCH).map(jidOf))
    }
  }

  async send(request: SendRequest): Promise<SendResult> {
    const { media, messageId } = request
    if (media && media.expiresAt.getTime() <= Date.now()) return { outcome: 'failed', reason: 'media_failed' }
    const ack = this.#acks.expect(messageId)
    try {
      const early = await this.#handOver(request)
      if (early !== 'handed_over') return early
      return await within(this.#options.sendDeadlineMs, ack.result, this.#options.ended)
    } catch (error) {
      if (error instanceof TimedOutError || error instanceof EndedError) return { outcome: 'no_ack' }
      throw error
    } finally {
      ack.forget()
    }
  }

  #handOver(request: SendRequest): Promise<SendResult | 'handed_over'> {
    const { sendDeadlineMs, ended } = this.#options
    const handOver = new HandOver({
      isRecipient: this.#isUserOf(request.phone),
      beforeHandOver: request.beforeHandOver ?? (() => true),
    })
    const end = (reason: NotHandedOverReason) => {
      handOver.end({ outcome: 'not_handed_over', reason })
    }
    const timer = setTimeout(end, sendDeadlineMs, 'timed_out')
    const stops = [
      onAbort(ended, () => {
        end('connection_closed')
      }),
      request.signal
        ? onAbort(request.signal, () => {
            end('aborted')
          })
        : () => undefined,
    ]
    this.#relay(request, handOver).catch((error: unknown) => {
      handOver.end(this.#resultOf(error))
    })
    return handOver.settled.finally(() => {
      clearTimeout(timer)
      for (const stop of stops) stop()
    })
  }

  async #relay(request: SendRequest, handOver: HandOver): Promise<void> {
    const { sock } = this.#options
    const jid = jidOf(request.phone)
    const devices = (await this.#lookUp([jid])).filter(({ user }) => user === request.phone)
    if (devices.length === 0) {
      handOver.end({ outcome: 'not_on_whatsapp' })
      return
    }
    await this.#openSessions(devices.map((device) => device.jid))
    if (request.composingMs) await this.#compose(jid, request.composingMs)
    await handOver.run(() => sock.relayMessage(jid, messageOf(request), { messageId: request.messageId }))
  }

  /**
   * Finds the devices of people, and our own: a message goes to both. Baileys answers a look-up that timed out with
   * nobody; this deadline is shorter, so nobody means nobody.
   */
  async #lookUp(jids: readonly string[]): Promise<{ user: string; jid: string }[]> {
    const { sock, queryTimeoutMs, ended } = this.#options
    const self = jidNormalizedUser(sock.authState.creds.me?.id)
    return within(queryTimeoutMs, sock.getUSyncDevices([...new Set([self, ...jids])], true, false), ended)
  }

  async #openSessions(devices: string[]): Promise<void> {
    const { sock, queryTimeoutMs, ended } = this.#options
    try {
      await within(queryTimeoutMs, sock.assertSessions(devices, false), ended)
    } catch (error) {
      const code = refusalCode(error)
      throw code === undefined || code === 429 ? error : new NoDeviceError(code)
    }
  }

  async #compose(jid: string, ms: number): Promise<void> {
    await this.#options.sock.sendPresenceUpdate('composing', jid)
    await delay(ms, undefined, { signal: this.#options.ended })
  }

  #resultOf(error: unknown): SendResult {
    if (error instanceof NoDeviceError) return { outcome: 'failed', reason: 'no_device', code: error.code }
    const isEncryption = error instanceof Error && error.message === 'All encryptions failed'
    if (isEncryption) return { outcome: 'failed', reason: 'no_device' }
    return { outcome: 'not_handed_over', reason: this.#reasonOf(error) }
  }

  #reasonOf(error: unknown): NotHandedOverReason {
    if (error instanceof TimedOutError) return 'timed_out'
    if (error instanceof EndedError || this.#options.ended.aborted) return 'connection_closed'
    return refusalCode(error) === 429 ? 'rate_limited' : 'lookup_failed'
  }

  /** Matches the digits that stand for a phone: its own, and its LID. */
  #isUserOf(phone: string): (user: string) => boolean {
    const me = this.#options.sock.authState.creds.me
    const isSelf = userOf(me?.id) === phone
    return (user) => user === phone || (isSelf && user === userOf(me?.lid))
  }

  #onAck(node: BinaryNode): void {
    const { id } = node.attrs
    if (id === undefined) return
    const result = resultOfAck(node.attrs)
    if (!this.#acks.settle(id, result) && result.outcome === 'sent') this.#options.onLateAck(id, result.at)
  }
}

/** The recipient has devices, but WhatsApp gave no keys for them. */
class NoDeviceError extends Error {
  override readonly name = 'NoDeviceError'
  readonly code: number

  constructor(code: number) {
    super('WhatsApp gave no keys for the recipient')
    this.code = code
  }
}

function jidOf(phone: string): string {
  return `${phone}@s.whatsapp.net`
}
