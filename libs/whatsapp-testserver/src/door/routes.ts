/** The requests of the control door. */
import { actionSchema, type Action, type Fault } from '../faults.ts'
import type { ReceivedMessage } from '../phones/inbox.ts'
import type { Gate } from '../protocol/gate.ts'
import { sendReceipts } from '../protocol/receipts.ts'
import type { SocketCount } from '../connections.ts'
import type { World } from '../world.ts'
import { readQr } from './camera.ts'
import {
  faultRequest,
  numberQuery,
  receiptRequest,
  replyRequest,
  scanRequest,
  showRequest,
} from './requests.ts'

export type Route = (input: unknown) => unknown

/** A request that is well formed and cannot be fulfilled now. */
export class Unfulfilled extends Error {
  override readonly name = 'Unfulfilled'
}

/** What the answers look like, for the client. */
export interface Answers {
  readonly messages: { readonly number: string; readonly messages: readonly ReceivedMessage[] }
  readonly allMessages: { readonly numbers: readonly Answers['messages'][] }
  readonly sockets: SocketCount & { readonly number: string }
  readonly allSockets: { readonly numbers: readonly Answers['sockets'][] }
  readonly fault: { readonly id: number } | { readonly sockets: number }
  readonly faults: { readonly faults: readonly { readonly id: number; readonly fault: Fault }[] }
  readonly reply: { readonly id: string; readonly to: string; readonly devices: number }
  readonly receipts: { readonly devices: number }
  readonly scan: { readonly number: string; readonly scanned: boolean }
  readonly trust: { readonly rootCa: string; readonly mediaCa: string }
  readonly health: {
    readonly ok: boolean
    readonly sockets: number
    readonly uploads: number
    readonly unreadable: number
    readonly errors: { readonly count: number; readonly last?: string | undefined }
  }
}

export function routesOf(world: World, gate: Gate, trust: Answers['trust']): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['GET /healthz', () => health(world, gate)],
    ['GET /trust', () => trust],
    ['GET /messages', (input) => messages(world, input)],
    ['DELETE /messages', () => clear(world.inbox)],
    ['GET /sockets', (input) => sockets(world, input)],
    ['GET /faults', (): Answers['faults'] => ({ faults: world.faults.list() })],
    ['POST /faults', (input) => fault(world, gate, input)],
    ['DELETE /faults', () => clear(world.faults)],
    ['POST /replies', (input) => reply(world, gate, input)],
    ['POST /receipts', (input) => receipts(world, input)],
    ['POST /show', (input) => show(gate, input)],
    ['POST /scan', (input) => scan(gate, input)],
  ])
}

function clear(what: { clear(): void }): { readonly done: true } {
  what.clear()
  return { done: true }
}

function health(world: World, { errors, messages: { unreadable } }: Gate): Answers['health'] {
  const { connections, media } = world
  return { ok: true, sockets: connections.open().length, uploads: media.uploads, unreadable, errors }
}

function messages({ inbox }: World, input: unknown): Answers['messages'] | Answers['allMessages'] {
  const { number } = numberQuery.parse(input)
  return number === undefined ? { numbers: inbox.all() } : { number, messages: inbox.of(number) }
}

function sockets({ connections }: World, input: unknown): Answers['sockets'] | Answers['allSockets'] {
  const { number } = numberQuery.parse(input)
  return number === undefined ? { numbers: connections.counts() } : { number, ...connections.count(number) }
}

function fault(world: World, gate: Gate, input: unknown): Answers['fault'] {
  const request = faultRequest.parse(input)
  return isAction(request) ? { sockets: gate.act(request) } : { id: world.faults.add(request) }
}

async function reply(world: World, gate: Gate, input: unknown): Promise<Answers['reply']> {
  const request = replyRequest.parse(input)
  const to = request.to ?? world.inbox.lastSenderTo(request.from)
  if (to === undefined) throw new Unfulfilled('nobody has written to this number yet: say to whom it writes')
  const { id, devices } = await gate.replies.write({ ...request, to })
  if (devices === 0) throw new Unfulfilled('no device is linked to the number that it would write to')
  return { id, to, devices }
}

function receipts(world: World, input: unknown): Answers['receipts'] {
  const { number, ...request } = receiptRequest.parse(input)
  return { devices: sendReceipts(world, number, request) }
}

async function show({ pairing }: Gate, input: unknown): Promise<{ readonly shown: boolean }> {
  const request = showRequest.parse(input)
  pairing.show('qr' in request ? request.qr : await qrIn(request.image))
  return { shown: true }
}

async function scan({ pairing, linkCodes }: Gate, input: unknown): Promise<Answers['scan']> {
  const request = scanRequest.parse(input)
  if ('code' in request) {
    await linkCodes.type(request.phone, request.code)
    return { number: request.phone, scanned: true }
  }
  if ('qr' in request) return { number: pairing.scan(request.qr, request.number), scanned: true }
  if ('image' in request) {
    return { number: pairing.scan(await qrIn(request.image), request.number), scanned: true }
  }
  return { number: request.number, scanned: pairing.scanNext(request.number) }
}

async function qrIn(image: string): Promise<string> {
  const qr = await readQr(image)
  if (qr === undefined) throw new Unfulfilled('there is no QR in this picture')
  return qr
}

const ACTIONS: ReadonlySet<string> = new Set(actionSchema.options.map(({ shape }) => shape.type.value))

function isAction(request: Fault | Action): request is Action {
  return ACTIONS.has(request.type)
}
