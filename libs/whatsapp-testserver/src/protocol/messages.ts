/** Takes messages from devices, lets their recipients read them, and acknowledges them. */
import type { proto } from '@whiskeysockets/baileys'

import type { Connection } from '../connection.ts'
import type { Device } from '../phones/accounts.ts'
import { lidJid, phoneJid, readJid } from '../wire/jids.ts'
import { bytesOf, childOf, childrenOf, node, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'
import { askAgain, promiseReceipts } from './receipts.ts'
import { readMessage } from './reading.ts'

const MOST_RETRIES = 3

/** libsignal's name for a message whose key was used before. */
const KEY_WAS_USED = 'MessageCounterError'

/**
 * A device that cannot read a message asks for it again. One whose key was used before it takes for a double and drops,
 * as phones do: a sender that lost its place in the ratchet loses messages.
 */
type NotRead = 'unreadable' | 'dropped'

interface Envelope {
  readonly device: Device
  readonly messageId: string
  readonly to: string
  /** The address as the sender wrote it; answers repeat it. */
  readonly address: string
  readonly stanza: BinaryNode
}

export class Messages {
  readonly #world: World
  /** How often a message was asked for again. */
  readonly #retries = new Map<string, number>()
  /** How many messages their recipients could not read. */
  unreadable = 0

  constructor(world: World) {
    this.#world = world
  }

  async take(connection: Connection, device: Device, stanza: BinaryNode): Promise<void> {
    const { id: messageId = '', to: address = '' } = stanza.attrs
    const recipient = readJid(address)
    if (!recipient) {
      connection.send(ackOf(stanza))
      return
    }
    const envelope = { device, messageId, to: recipient.phone, address, stanza }
    const subject = { from: device.phone, to: envelope.to, key: messageId }
    const refusal = this.#world.faults.take('nack', subject)
    if (refusal) {
      connection.send(ackOf(stanza, refusal.code))
      return
    }
    const wasRead = await this.#distribute(envelope)
    this.#acknowledge(connection, envelope)
    if (wasRead) promiseReceipts(this.#world, envelope)
  }

  #acknowledge(connection: Connection, { device, messageId, to, stanza }: Envelope): void {
    const subject = { from: device.phone, to, key: messageId }
    if (this.#world.faults.take('dropAck', subject)) return
    const delay = this.#world.faults.take('delayAck', subject)
    if (delay) setTimeout(() => connection.send(ackOf(stanza)), delay.ms)
    else connection.send(ackOf(stanza))
  }

  /** Hands every copy of a message to its device; true when the recipient could read theirs. */
  async #distribute(envelope: Envelope): Promise<boolean> {
    let wasRead = false
    for (const [jid, encrypted] of copiesIn(envelope.stanza)) {
      const target = readJid(jid)
      if (!target) continue
      if (target.device > 0) this.#relay(envelope, target.phone, target.device, encrypted)
      else if (target.phone === envelope.device.phone)
        wasRead = (await this.#readOwn(envelope, encrypted)) || wasRead
      else wasRead = (await this.#read(envelope, encrypted)) || wasRead
    }
    return wasRead
  }

  async #read(envelope: Envelope, encrypted: BinaryNode): Promise<boolean> {
    const { device, messageId, to } = envelope
    const fault = this.#world.faults.take('retryReceipt', { from: device.phone, to, key: messageId })
    const read = fault ? 'unreadable' : await this.#decrypt(device, to, encrypted)
    if (typeof read === 'string' && !fault) this.unreadable += 1
    if (read === 'unreadable') this.#retry(envelope)
    if (typeof read === 'string') return false
    await this.#remember(envelope, read)
    return true
  }

  /** The own phone's copy says what was sent to whom; a message to oneself has no other. */
  async #readOwn(envelope: Envelope, encrypted: BinaryNode): Promise<boolean> {
    const { device, to } = envelope
    const copy = await this.#decrypt(device, device.phone, encrypted)
    if (typeof copy === 'string' || to !== device.phone) return false
    await this.#remember(envelope, copy.deviceSentMessage?.message ?? copy)
    return true
  }

  /** A device of the same or of another account, which is a client of its own. */
  #relay(
    { device, messageId, address, stanza }: Envelope,
    phone: string,
    number: number,
    encrypted: BinaryNode,
  ): void {
    const target = this.#world.accounts.find(phone, number)
    if (!target || target.isRemoved) return
    const attrs = {
      from: phoneJid(device.phone, device.device),
      id: messageId,
      t: stanzaTime(),
      type: stanza.attrs['type'] ?? 'text',
      sender_lid: lidJid(device.phone),
      ...(phone === device.phone && { recipient: address }),
    }
    const identity = childOf(stanza, 'device-identity')
    this.#world.outbox.put(target, node('message', attrs, identity ? [encrypted, identity] : [encrypted]))
  }

  async #decrypt(device: Device, to: string, encrypted: BinaryNode): Promise<proto.IMessage | NotRead> {
    try {
      return await this.#world.peers.of(to).decrypt(addressOf(device), encrypted)
    } catch (error) {
      return error instanceof Error && error.name === KEY_WAS_USED ? 'dropped' : 'unreadable'
    }
  }

  async #remember({ device, messageId, to }: Envelope, message: proto.IMessage): Promise<void> {
    const reading = await readMessage(message, this.#world.attachments)
    this.#world.inbox.add({ id: messageId, from: device.phone, to, ...reading })
    this.#retries.delete(messageId)
  }

  #retry(envelope: Envelope): void {
    const attempt = (this.#retries.get(envelope.messageId) ?? 0) + 1
    this.#retries.set(envelope.messageId, attempt)
    if (attempt <= MOST_RETRIES) askAgain(this.#world, envelope, attempt)
  }
}

/** The address under which peers keep their sessions with a device, however it addressed them. */
export function addressOf({ phone, device }: Device): string {
  return lidJid(phone, device)
}

/** The copies of a message, by the device that each is for; a resent message has only one. */
function copiesIn(stanza: BinaryNode): [jid: string, encrypted: BinaryNode][] {
  const copies: [string, BinaryNode][] = []
  const single = childOf(stanza, 'enc')
  if (single) copies.push([stanza.attrs['to'] ?? '', single])
  for (const target of childrenOf(childOf(stanza, 'participants'), 'to')) {
    const encrypted = childOf(target, 'enc')
    if (encrypted && bytesOf(encrypted).length > 0) copies.push([target.attrs['jid'] ?? '', encrypted])
  }
  return copies
}

function ackOf({ attrs }: BinaryNode, error?: number): BinaryNode {
  return node('ack', {
    class: 'message',
    from: attrs['to'] ?? '',
    id: attrs['id'] ?? '',
    t: stanzaTime(),
    ...(error !== undefined && { error: String(error) }),
  })
}
