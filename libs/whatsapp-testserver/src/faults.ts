/** What is to go wrong: rules that are asked at each step. Chances come out of the seed. */
import { z } from 'zod'

import { chance } from './wire/keys.ts'

export const phoneSchema = z.string().regex(/^\d{5,15}$/, 'a phone number in digits, with its country code')

/** Whom a rule is about (all, when it does not say), in which share of cases, and how many times. */
const selector = {
  /** The linked number. */
  from: phoneSchema.optional(),
  /** The other number. */
  to: phoneSchema.optional(),
  ratio: z.number().gt(0).max(1).optional(),
  times: z.int().min(1).optional(),
}
const milliseconds = z.int().min(0).max(600_000)
const querySchema = z.enum(['usync', 'keys', 'media', 'everything'])

export const faultSchema = z.discriminatedUnion('type', [
  /** A message is refused and does not arrive: 463 reach-out lock, 479 invalid, 429 too many. */
  z.strictObject({ type: z.literal('nack'), code: z.int().min(400).max(599), ...selector }),
  /** A message arrives, and its sender is never told. */
  z.strictObject({ type: z.literal('dropAck'), ...selector }),
  z.strictObject({ type: z.literal('delayAck'), ms: milliseconds, ...selector }),
  /** Every stanza to the device comes so much later. */
  z.strictObject({ type: z.literal('latency'), ms: milliseconds, from: phoneSchema.optional() }),
  /** Queries of a kind are never answered; `everything`: nothing at all is. */
  z.strictObject({ type: z.literal('silence'), what: querySchema, ...selector }),
  /** Queries of a kind are answered with an error. */
  z.strictObject({
    type: z.literal('queryError'),
    what: querySchema,
    code: z.int().min(400).max(599),
    ...selector,
  }),
  /** These numbers are unknown, besides those that end in 00000. */
  z.strictObject({ type: z.literal('notOnWhatsApp'), numbers: z.array(phoneSchema).min(1) }),
  /** No receipts by themselves, not even of the own phone. */
  z.strictObject({ type: z.literal('noReceipts'), ...selector }),
  /** The recipient cannot read the message and asks for it again. */
  z.strictObject({ type: z.literal('retryReceipt'), ...selector }),
  /** A connection is refused at once, a login or a new device: 401, 402, 403, 405, 406, 429, 503. */
  z.strictObject({
    type: z.literal('refuseLogin'),
    code: z.int().min(400).max(599),
    /** How long a ban lasts. */
    seconds: z.int().min(1).optional(),
    ...selector,
  }),
  z.strictObject({ type: z.literal('failUpload'), status: z.int().min(400).max(599), ...selector }),
  /** What the account is told when it asks whether it may write to strangers. */
  z.strictObject({
    type: z.literal('reachOutLock'),
    seconds: z.int().min(1),
    from: phoneSchema.optional(),
  }),
  /** What the account is told about its cap of new chats. */
  z.strictObject({
    type: z.literal('newChatCap'),
    total: z.int().min(0),
    used: z.int().min(0),
    from: phoneSchema.optional(),
  }),
  /** While pairing the client is told to change its secret and to show another QR. */
  z.strictObject({ type: z.literal('companionRefresh'), times: z.int().min(1).optional() }),
  /** While pairing the client is told something else, such as `passkey_prologue_request`. */
  z.strictObject({
    type: z.literal('pairingNotification'),
    notification: z.string().min(1).max(100),
    times: z.int().min(1).optional(),
  }),
])

/** What is done at once, to the sockets that a number has open. */
export const actionSchema = z.discriminatedUnion('type', [
  /** With a code a stream error (503, 515, 500 ...), without one the connection just breaks. */
  z.strictObject({
    type: z.literal('disconnect'),
    number: phoneSchema.optional(),
    code: z.int().min(400).max(599).optional(),
  }),
  /** As if the account had logged in elsewhere. */
  z.strictObject({ type: z.literal('replaced'), number: phoneSchema }),
  /** The phone removes its linked devices. */
  z.strictObject({ type: z.literal('logout'), number: phoneSchema }),
  /** The number is banned: 403 (402 for a while, 406 locked), now and at each login until the faults are cleared. */
  z.strictObject({
    type: z.literal('ban'),
    number: phoneSchema,
    code: z.union([z.literal(402), z.literal(403), z.literal(406)]).default(403),
    seconds: z.int().min(1).optional(),
  }),
])

export type Fault = z.infer<typeof faultSchema>
export type Action = z.infer<typeof actionSchema>
type FaultOf<T extends Fault['type']> = Extract<Fault, { type: T }>

/** What a step is about. `key` tells apart the cases of which a rule with a ratio takes a share. */
interface Case {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly key?: string | undefined
  readonly what?: string | undefined
}

interface Rule {
  readonly id: number
  readonly fault: Fault
  left: number
}

export class Faults {
  readonly #seed: string
  #rules: Rule[] = []
  #next = 1

  constructor(seed: string) {
    this.#seed = seed
  }

  add(fault: Fault): number {
    const id = this.#next++
    this.#rules.push({ id, fault, left: ('times' in fault ? fault.times : undefined) ?? Infinity })
    return id
  }

  list(): { readonly id: number; readonly fault: Fault }[] {
    return this.#rules.map(({ id, fault }) => ({ id, fault }))
  }

  clear(): void {
    this.#rules = []
  }

  isHidden(phone: string): boolean {
    return this.#rules.some(({ fault }) => fault.type === 'notOnWhatsApp' && fault.numbers.includes(phone))
  }

  /** The first rule of this type that is about this case; it counts as used. */
  take<T extends Fault['type']>(type: T, subject: Case = {}): FaultOf<T> | undefined {
    for (const rule of this.#rules) {
      if (!isOf(rule.fault, type) || !this.#matches(rule, subject)) continue
      rule.left -= 1
      if (rule.left === 0) this.#rules = this.#rules.filter((other) => other !== rule)
      return rule.fault
    }
    return undefined
  }

  #matches({ id, fault }: Rule, subject: Case): boolean {
    const { from, to, ratio, what } = {
      from: undefined,
      to: undefined,
      ratio: undefined,
      what: undefined,
      ...fault,
    }
    if (from !== undefined && from !== subject.from) return false
    if (to !== undefined && to !== subject.to) return false
    if (what !== undefined && what !== 'everything' && what !== subject.what) return false
    return ratio === undefined || chance(this.#seed, 'fault', id, subject.key ?? '') < ratio
  }
}

function isOf<T extends Fault['type']>(fault: Fault, type: T): fault is FaultOf<T> {
  return fault.type === type
}
