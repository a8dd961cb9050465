/** The control door for programs: one function for each request. */
import type { ReceivedMessage } from '../phones/inbox.ts'
import type { FaultRequest, ReceiptRequest, ReplyRequest, ScanRequest, ShowRequest } from './requests.ts'
import type { Answers } from './routes.ts'

export interface ControlClient {
  /** What a number received and could read, in the order in which it came. */
  messages(number: string): Promise<readonly ReceivedMessage[]>
  /** What everybody received. */
  allMessages(): Promise<Answers['allMessages']['numbers']>
  clearMessages(): Promise<void>
  sockets(number: string): Promise<Answers['sockets']>
  allSockets(): Promise<Answers['allSockets']['numbers']>
  /** Adds a fault that lasts, or does something at once (disconnect, replaced, logout, ban). */
  fault(request: FaultRequest): Promise<Answers['fault']>
  faults(): Promise<Answers['faults']['faults']>
  clearFaults(): Promise<void>
  /** Somebody writes to a linked number. */
  reply(request: ReplyRequest): Promise<Answers['reply']>
  /** A recipient confirms messages, now. */
  receipts(request: ReceiptRequest): Promise<Answers['receipts']>
  /** A screen shows a QR: it is scanned after the scan delay. */
  show(request: ShowRequest): Promise<void>
  /** A phone scans a QR, or its user types a code, now. */
  scan(request: ScanRequest): Promise<Answers['scan']>
  health(): Promise<Answers['health']>
  /** What clients have to trust. */
  trust(): Promise<Answers['trust']>
}

/** The control door refused a request. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function controlClient(controlUrl: string): ControlClient {
  const call = async <T = unknown>(method: string, path: string, body?: unknown): Promise<T> => {
    const json =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(new URL(path, controlUrl), { method, ...json })
    const answer: unknown = await response.json()
    if (!response.ok) throw new ControlError(response.status, errorIn(answer))
    return answer as T
  }
  const get = <T>(path: string) => call<T>('GET', path)
  const post = <T>(path: string, body: unknown) => call<T>('POST', path, body)
  const of = (path: string, number: string) => `${path}?number=${encodeURIComponent(number)}`
  return {
    messages: async (number) => (await get<Answers['messages']>(of('/messages', number))).messages,
    allMessages: async () => (await get<Answers['allMessages']>('/messages')).numbers,
    clearMessages: async () => {
      await call('DELETE', '/messages')
    },
    sockets: (number) => get(of('/sockets', number)),
    allSockets: async () => (await get<Answers['allSockets']>('/sockets')).numbers,
    fault: (request) => post('/faults', request),
    faults: async () => (await get<Answers['faults']>('/faults')).faults,
    clearFaults: async () => {
      await call('DELETE', '/faults')
    },
    reply: (request) => post('/replies', request),
    receipts: (request) => post('/receipts', request),
    show: async (request) => {
      await post('/show', request)
    },
    scan: (request) => post('/scan', request),
    health: () => get('/healthz'),
    trust: () => get('/trust'),
  }
}

function errorIn(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'error' in answer) return String(answer.error)
  return 'the control door refused the request'
}
