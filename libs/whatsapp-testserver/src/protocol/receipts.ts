/** Tells senders what became of their messages. Who reads, how fast, and from which address belongs to the recipient. */
import { encodeBigEndian } from '@whiskeysockets/baileys'

import type { Device } from '../phones/accounts.ts'
import type { Span } from '../settings.ts'
import { lidJid, phoneJid } from '../wire/jids.ts'
import { chance } from '../wire/keys.ts'
import { node, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'

export type ReceiptType = 'sender' | 'delivered' | 'read' | 'played'

interface Sent {
  readonly device: Device
  readonly messageId: string
  readonly to: string
}

/** The receipts that a message gets by itself: of the own phone, then of the recipient. */
export function promiseReceipts(world: World, { device, messageId, to }: Sent): void {
  const { seed, receipts } = world.settings
  const within = (span: Span, kind: string) => span[0] + chance(seed, kind, messageId) * (span[1] - span[0])
  const put = (stanza: BinaryNode, afterMs: number) => world.outbox.put(device, stanza, afterMs)

  if (world.faults.take('noReceipts', { from: device.phone, to, key: messageId })) return
  put(ownReceipt(device, messageId, to), within(receipts.sentMs, 'sent'))
  if (to === device.phone) return
  const from = chance(seed, 'lid', to) < receipts.lidShare ? lidJid(to) : phoneJid(to)
  const deliveredMs = within(receipts.deliveredMs, 'delivered')
  put(receipt(from, messageId, 'delivered'), deliveredMs)
  if (chance(seed, 'reads', to) >= receipts.readShare) return
  put(receipt(from, messageId, 'read'), deliveredMs + within(receipts.readMs, 'read'))
}

/** A receipt that a test asks for; several ids come in one stanza. */
export function sendReceipts(
  world: World,
  number: string,
  {
    from,
    type,
    messageIds,
    byLid,
  }: { from: string; type: ReceiptType; messageIds: readonly string[]; byLid: boolean },
): number {
  const devices = world.accounts.linkedTo(number)
  const address = byLid ? lidJid(from) : phoneJid(from)
  for (const device of devices) {
    for (const messageId of messageIds) {
      const stanza =
        type === 'sender' ? ownReceipt(device, messageId, from) : receipt(address, messageId, type)
      world.outbox.put(device, stanza)
    }
  }
  return devices.length
}

/** The recipient could not read a message and asks for it again. */
export function askAgain(world: World, { device, messageId, to }: Sent, attempt: number): void {
  const retry = { count: String(attempt), id: messageId, t: stanzaTime(), v: '1' }
  const stanza = node('receipt', { id: messageId, from: phoneJid(to), type: 'retry', t: stanzaTime() }, [
    node('retry', retry),
    node('registration', {}, encodeBigEndian(world.peers.of(to).registrationId)),
  ])
  world.outbox.put(device, stanza)
}

function receipt(from: string, id: string, type: Exclude<ReceiptType, 'sender'>): BinaryNode {
  return node('receipt', { id, from, t: stanzaTime(), ...(type !== 'delivered' && { type }) })
}

function ownReceipt({ phone }: Device, id: string, to: string): BinaryNode {
  return node('receipt', {
    id,
    from: phoneJid(phone),
    recipient: phoneJid(to),
    type: 'sender',
    t: stanzaTime(),
  })
}
