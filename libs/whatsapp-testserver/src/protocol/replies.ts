/** People write to a linked number. */
import { randomBytes } from 'node:crypto'

import type { proto } from '@whiskeysockets/baileys'

import { deviceKey, type Device } from '../phones/accounts.ts'
import { lidJid, phoneJid } from '../wire/jids.ts'
import { node, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'
import { takeBundle } from './keys.ts'
import { addressOf } from './messages.ts'

export interface Reply {
  readonly from: string
  /** The linked number. */
  readonly to: string
  readonly text: string
  /** The id of the message that is answered. */
  readonly quoted?: string | undefined
  /** Whether it comes from the LID alone. */
  readonly byLid?: boolean | undefined
}

interface Written {
  readonly reply: Reply
  readonly messageId: string
}

const REMEMBERED = 1000

export class Replies {
  readonly #world: World
  /** The newest ones, for devices that could not read them. */
  readonly #written = new Map<string, Written>()

  constructor(world: World) {
    this.#world = world
  }

  /** Writes to each linked device of the number; tells the message's id and how many devices there are. */
  async write(reply: Reply): Promise<{ readonly id: string; readonly devices: number }> {
    const messageId = `3A${randomBytes(9).toString('hex').toUpperCase()}`
    const devices = this.#world.accounts.linkedTo(reply.to)
    for (const device of devices) await this.#send(device, { reply, messageId })
    this.#written.set(messageId, { reply, messageId })
    const [oldest] = this.#written.keys()
    if (this.#written.size > REMEMBERED && oldest !== undefined) this.#written.delete(oldest)
    return { id: messageId, devices: devices.length }
  }

  /** A device could not read a reply: its author begins a new session and writes again. */
  async writeAgain(device: Device, receipt: BinaryNode): Promise<void> {
    const written = this.#written.get(receipt.attrs['id'] ?? '')
    if (!written) return
    await this.#world.peers.of(written.reply.from).forget(addressOf(device))
    await this.#send(device, written)
  }

  async #send(device: Device, { reply, messageId }: Written): Promise<void> {
    const { peers, outbox, connections } = this.#world
    const bundle = () => takeBundle(this.#world, device, connections.of(deviceKey(device)))
    const encrypted = await peers.of(reply.from).encrypt(addressOf(device), contentOf(reply), bundle)
    const sender = reply.byLid
      ? { from: lidJid(reply.from), sender_pn: phoneJid(reply.from), addressing_mode: 'lid' }
      : { from: phoneJid(reply.from), sender_lid: lidJid(reply.from) }
    const attrs = { ...sender, id: messageId, t: stanzaTime(), type: 'text', notify: 'Recipient' }
    outbox.put(device, node('message', attrs, [encrypted]))
  }
}

function contentOf({ text, quoted, to }: Reply): proto.IMessage {
  if (quoted === undefined) return { conversation: text }
  const contextInfo = { stanzaId: quoted, participant: phoneJid(to), quotedMessage: { conversation: '' } }
  return { extendedTextMessage: { text, contextInfo } }
}
