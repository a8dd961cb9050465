/**
 * The point of no return of a send.
 *
 * Baileys looks up, encrypts and writes in one call that cannot be stopped, resolves even when the recipient was
 * left out, and stores the ratchet only after it wrote. This puts a gate into that call, right before the write:
 * the last thing that Baileys reads is the privacy token of the contact, so that read waits for the gate. Until it
 * opens nothing has gone out, and a send that was abandoned never will.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import { jidDecode, type WASocket } from '@whiskeysockets/baileys'

import type { SendResult } from '../channel.ts'

const current = new AsyncLocalStorage<HandOver>()

/** What is settled before a hand-over: the result of a send that did not get so far, or that it was handed over. */
export type EarlyResult = SendResult | 'handed_over'

/** Thrown into Baileys' call to end it before the write. */
class NothingHandedOver extends Error {
  override readonly name = 'NothingHandedOver'
}

export class HandOver {
  /** How the part before the ack ended. */
  readonly settled: Promise<EarlyResult>
  readonly #settle: (result: EarlyResult) => void
  #state: 'preparing' | 'handed_over' | 'ended' = 'preparing'
  #encrypted = false
  readonly #isRecipient: (user: string) => boolean
  readonly #beforeHandOver: () => boolean | Promise<boolean>

  constructor(options: {
    readonly isRecipient: (user: string) => boolean
    readonly beforeHandOver: () => boolean | Promise<boolean>
  }) {
    this.#isRecipient = options.isRecipient
    this.#beforeHandOver = options.beforeHandOver
    const { promise, resolve } = Promise.withResolvers<EarlyResult>()
    this.settled = promise
    this.#settle = resolve
  }

  /** Ends a send that was not handed over; one that was is past this. */
  end(result: SendResult): void {
    if (this.#state !== 'preparing') return
    this.#state = 'ended'
    this.#settle(result)
  }

  /** Runs Baileys' call with this gate in it. */
  async run(relay: () => Promise<unknown>): Promise<void> {
    await current.run(this, relay)
    // A Baileys that wrote without asking the gate (another version) handed the message over all the same.
    if (this.#state === 'preparing') this.#handOver()
  }

  noteEncrypted(jid: string): void {
    const user = jidDecode(jid)?.user
    if (user !== undefined && this.#isRecipient(user)) this.#encrypted = true
  }

  /** Called right before the write; throws unless the message may go. */
  async pass(isOpen: () => boolean): Promise<void> {
    if (this.#state === 'handed_over') return
    if (!this.#encrypted) this.end({ outcome: 'failed', reason: 'no_device' })
    else if (!(await this.#beforeHandOver())) this.end({ outcome: 'not_handed_over', reason: 'gate_shut' })
    else if (!isOpen()) this.end({ outcome: 'not_handed_over', reason: 'connection_closed' })
    if (this.#state !== 'preparing') throw new NothingHandedOver('The send has ended')
    this.#handOver()
  }

  #handOver(): void {
    this.#state = 'handed_over'
    this.#settle('handed_over')
  }
}

/**
 * Puts the gate into a socket. Also lets each encryption store its ratchet before the write: without this a crash
 * after the write would use the same message key twice, and the recipient would drop the second message.
 */
export function installHandOver(sock: WASocket): void {
  const keys = sock.authState.keys
  const encryptMessage = sock.signalRepository.encryptMessage.bind(sock.signalRepository)

  sock.signalRepository.encryptMessage = async (options) => {
    const encrypted = await encryptMessage(options)
    current.getStore()?.noteEncrypted(options.jid)
    return encrypted
  }
  sock.authState.keys = {
    ...keys,
    get: async (type, ids) => {
      const found = await keys.get(type, ids)
      if (type === 'tctoken') await current.getStore()?.pass(() => sock.ws.isOpen)
      return found
    },
    // The encryptions inside have their own transactions, which now end, durably, before the write.
    transaction: (work, key) => (current.getStore() ? work() : keys.transaction(work, key)),
  }
}
