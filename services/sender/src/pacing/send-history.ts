// The sends of a number that count, kept with its credentials: encrypted, fenced, and there after a takeover (P10).
//
// The newest sends stand in a ring of records, so that one send writes one small record. A contact that was written to
// has a record of its own; its name, as every name in the store, is only there as a keyed hash.
import type { CredentialStore } from '../channel/channel.ts'
import { DAY_MS } from './limits.ts'
import type { CountedSend } from './pacing.ts'

const SENDS_A_RECORD = 64
/** 8,192 sends a day: more than any preset allows. */
const RECORDS = 128
const BYTES_A_SEND = 8

const LINKED_AT = 'peyk/linked-at'
const sendsName = (slot: number): string => `peyk/sends/${slot}`
const contactName = (phone: string): string => `peyk/contact/${phone}`

export interface SendHistory {
  readonly linkedAtMs: number
  /** Of the last 24 hours before the opening, oldest first. */
  readonly sends: readonly CountedSend[]
  isNewContact(phone: string): Promise<boolean>
  /** Resolves when it is stored; throws as the store does. */
  record(send: CountedSend, phone: string): Promise<void>
}

interface Slot {
  readonly slot: number
  readonly sends: readonly CountedSend[]
}

/** Reads the history; a number without one begins it now. */
export async function openSendHistory(store: CredentialStore, nowMs: number): Promise<SendHistory> {
  const names = Array.from({ length: RECORDS }, (_, slot) => sendsName(slot))
  const stored = await store.read([LINKED_AT, ...names])
  const linkedAt = stored.get(LINKED_AT)
  const linkedAtMs = linkedAt === undefined ? nowMs : readInstant(linkedAt)
  if (linkedAt === undefined) await store.write(new Map([[LINKED_AT, instantBytes(nowMs)]]))
  const slots = names
    .map((name, slot): Slot => ({ slot, sends: decodeSends(stored.get(name)) }))
    .filter(({ sends }) => sends.length > 0)
    .sort((a, b) => newest(a) - newest(b))
  const sends = slots
    .flatMap((slot) => slot.sends)
    .filter(({ atMs }) => atMs > nowMs - DAY_MS)
    .sort((a, b) => a.atMs - b.atMs)
  return historyOf(store, linkedAtMs, sends, slots.at(-1) ?? { slot: 0, sends: [] })
}

const historyOf = (
  store: CredentialStore,
  linkedAtMs: number,
  sends: readonly CountedSend[],
  last: Slot,
): SendHistory => {
  let current = last
  const isNewContact = async (phone: string) => (await store.read([contactName(phone)])).size === 0
  return {
    linkedAtMs,
    sends,
    isNewContact,
    record: async (send, phone) => {
      current =
        current.sends.length < SENDS_A_RECORD
          ? { slot: current.slot, sends: [...current.sends, send] }
          : { slot: (current.slot + 1) % RECORDS, sends: [send] }
      const records = new Map([[sendsName(current.slot), encodeSends(current.sends)]])
      if (send.toNewContact) records.set(contactName(phone), instantBytes(send.atMs))
      await store.write(records)
    },
  }
}

const newest = ({ sends }: Slot): number => sends.at(-1)?.atMs ?? 0

/** The lowest bit says whether it went to a new contact. */
const encodeSends = (sends: readonly CountedSend[]): Uint8Array => {
  const bytes = Buffer.alloc(sends.length * BYTES_A_SEND)
  for (const [index, { atMs, toNewContact }] of sends.entries())
    bytes.writeBigUInt64BE(BigInt(Math.trunc(atMs)) * 2n + (toNewContact ? 1n : 0n), index * BYTES_A_SEND)
  return bytes
}

const decodeSends = (bytes: Uint8Array | undefined): CountedSend[] => {
  const buffer = Buffer.from(bytes ?? [])
  return Array.from({ length: Math.floor(buffer.length / BYTES_A_SEND) }, (_, index) => {
    const value = buffer.readBigUInt64BE(index * BYTES_A_SEND)
    return { atMs: Number(value / 2n), toNewContact: value % 2n === 1n }
  })
}

const instantBytes = (atMs: number): Uint8Array => {
  const bytes = Buffer.alloc(BYTES_A_SEND)
  bytes.writeBigUInt64BE(BigInt(Math.trunc(atMs)))
  return bytes
}

const readInstant = (bytes: Uint8Array): number => Number(Buffer.from(bytes).readBigUInt64BE())
