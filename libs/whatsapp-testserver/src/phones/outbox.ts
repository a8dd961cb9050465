/**
 * Stanzas on their way to devices: receipts and replies. Each waits until it is due and its device is there, and is
 * kept until the device has acknowledged it, over disconnects and restarts.
 */
import type { Store } from '../store.ts'
import { node, type BinaryNode } from '../wire/node.ts'
import { deviceKey, type Device } from './accounts.ts'

interface Parcel {
  readonly key: string
  /** Milliseconds since 1970. */
  readonly due: number
  readonly stanza: BinaryNode
}

interface Shipment {
  readonly keys: readonly string[]
  readonly stanza: BinaryNode
}

interface Shelf {
  readonly waiting: Map<string, Parcel>
  /** The receipts among those that wait, by whom they come from and what they say. */
  readonly receipts: Map<string, Set<Parcel>>
  /** Sent and not acknowledged. */
  readonly sent: Map<string, Shipment>
}

/** The way to the devices. */
interface Courier {
  isReachable(device: string): boolean
  deliver(device: string, stanza: BinaryNode): void
}

const OUTBOX = 'outbox/'
/** A receipt takes along those that would follow so soon. */
const BATCH_MS = 50

export class Outbox {
  readonly #store: Store
  readonly #courier: Courier
  readonly #shelves = new Map<string, Shelf>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #next = 0

  constructor(store: Store, courier: Courier) {
    this.#store = store
    this.#courier = courier
    for (const [key, parcel] of store.entries(OUTBOX)) this.#load(key, parcel as Parcel)
  }

  /** Hands a stanza to the device after a while, or when it logs in later. */
  put(device: Pick<Device, 'phone' | 'device'>, stanza: BinaryNode, afterMs = 0): void {
    const key = `${OUTBOX}${deviceKey(device)}/${this.#next++}`
    const parcel: Parcel = { key, due: Date.now() + afterMs, stanza }
    this.#store.set(key, parcel)
    this.#wait(deviceKey(device), parcel)
  }

  /** The device has logged in: sends what is due, marked as kept for it; tells how much that was. */
  flush(device: Device): number {
    const name = deviceKey(device)
    const { waiting, sent } = this.#shelf(name)
    const kept = [...sent.values()]
    for (const parcel of [...waiting.values()].filter(isDue)) {
      if (waiting.has(parcel.key)) kept.push(this.#take(name, parcel))
    }
    for (const { keys, stanza } of kept) {
      const attrs = { ...stanza.attrs, offline: String(kept.length) }
      this.#send(name, { keys, stanza: { ...stanza, attrs } })
    }
    return kept.length
  }

  /** The device acknowledged a stanza: a message with a receipt when it could read it, all else with an ack. */
  acknowledge(device: Device, answer: BinaryNode): void {
    const { sent } = this.#shelf(deviceKey(device))
    const name = nameOf(answer.tag === 'receipt' ? 'message' : answer.attrs['class'], answer)
    for (const key of sent.get(name)?.keys ?? []) this.#store.delete(key)
    sent.delete(name)
  }

  /** Drops what is kept for a device that is no more. */
  forget(device: Device): void {
    const { waiting, sent } = this.#shelf(deviceKey(device))
    for (const key of [...waiting.keys(), ...[...sent.values()].flatMap(({ keys }) => keys)])
      this.#store.delete(key)
    this.#shelves.delete(deviceKey(device))
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #load(key: string, parcel: Parcel): void {
    const [, device = '', sequence = '0'] = key.split('/')
    this.#next = Math.max(this.#next, Number(sequence) + 1)
    this.#wait(device, parcel)
  }

  #wait(device: string, parcel: Parcel): void {
    const { waiting, receipts } = this.#shelf(device)
    waiting.set(parcel.key, parcel)
    const batch = batchOf(parcel.stanza)
    if (batch !== undefined) receipts.set(batch, (receipts.get(batch) ?? new Set<Parcel>()).add(parcel))
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        if (this.#shelf(device).waiting.has(parcel.key)) this.#tryToSend(device, parcel)
      },
      Math.max(0, parcel.due - Date.now()),
    )
    this.#timers.add(timer)
  }

  /** A device that is not there leaves its parcels waiting. */
  #tryToSend(device: string, parcel: Parcel): void {
    if (this.#courier.isReachable(device)) this.#send(device, this.#take(device, parcel))
  }

  /** Takes a parcel off the shelf, together with the receipts that go in the same stanza. */
  #take(device: string, parcel: Parcel): Shipment {
    const { waiting, receipts } = this.#shelf(device)
    const batch = batchOf(parcel.stanza)
    const peers = batch === undefined ? [] : [...(receipts.get(batch) ?? [])]
    const soon = Date.now() + BATCH_MS
    const others = peers.filter((peer) => peer !== parcel && peer.due <= soon)
    for (const taken of [parcel, ...others]) {
      waiting.delete(taken.key)
      if (batch !== undefined) receipts.get(batch)?.delete(taken)
    }
    if (batch !== undefined && receipts.get(batch)?.size === 0) receipts.delete(batch)
    return { keys: [parcel, ...others].map(({ key }) => key), stanza: together(parcel, others) }
  }

  #send(device: string, shipment: Shipment): void {
    const { sent } = this.#shelf(device)
    const name = nameOf(shipment.stanza.tag, shipment.stanza)
    const earlier = sent.get(name)?.keys ?? []
    sent.set(name, { ...shipment, keys: [...new Set([...earlier, ...shipment.keys])] })
    this.#courier.deliver(device, shipment.stanza)
  }

  #shelf(device: string): Shelf {
    const shelf = this.#shelves.get(device) ?? { waiting: new Map(), receipts: new Map(), sent: new Map() }
    this.#shelves.set(device, shelf)
    return shelf
  }
}

function isDue({ due }: Parcel): boolean {
  return due <= Date.now()
}

/** Receipts that go together: of one person, saying the same. Those that carry more than an id go alone. */
function batchOf({ tag, attrs, content }: BinaryNode): string | undefined {
  if (tag !== 'receipt' || content !== undefined) return undefined
  return `${attrs['from'] ?? ''}/${attrs['recipient'] ?? ''}/${attrs['type'] ?? ''}`
}

function together({ stanza }: Parcel, others: readonly Parcel[]): BinaryNode {
  if (others.length === 0) return stanza
  const items = others.map((other) => node('item', { id: other.stanza.attrs['id'] ?? '' }))
  return { ...stanza, content: [node('list', {}, items)] }
}

/** What an acknowledgement repeats of a stanza. Those of messages carry no useful type. */
function nameOf(kind: string | undefined, { attrs }: BinaryNode): string {
  const type = kind === 'receipt' ? (attrs['type'] ?? '') : ''
  return `${kind ?? ''}/${attrs['id'] ?? ''}/${type}`
}
