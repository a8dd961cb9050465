/** A real Baileys client with its keys in memory, as the tests use it. */
import { Agent } from 'node:https'

import makeWASocket, {
  BufferJSON,
  initAuthCreds,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalDataSet,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys'

import { quietLibsignal } from '../quiet-libsignal.ts'
import type { WhatsAppServer } from '../server.ts'

const silent = {
  level: 'silent',
  child: () => silent,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** Baileys leaves timers of up to a minute behind, which would keep the tests' process alive. */
const LONG_MS = 5_000
const startTimer = globalThis.setTimeout
const unheldTimer = (callback: () => void, ms?: number) => {
  const timer = startTimer(callback, ms)
  return ms !== undefined && ms >= LONG_MS ? timer.unref() : timer
}
globalThis.setTimeout = Object.defineProperties(
  unheldTimer,
  Object.getOwnPropertyDescriptors(startTimer),
) as typeof setTimeout

quietLibsignal()

type Options = Partial<Omit<UserFacingSocketConfig, 'auth' | 'waWebSocketUrl'>>

/** One account on one device; connects as often as asked. */
export class TestClient {
  readonly creds: AuthenticationCreds = initAuthCreds()
  readonly acks = new Map<string, Readonly<Record<string, string>>>()
  /** Message id and type of each receipt, as on the wire. */
  readonly receipts: string[] = []
  /** Message id and status; of updates that Baileys holds back together only the last status is told. */
  readonly updates: string[] = []
  readonly received: WAMessage[] = []
  readonly qrs: string[] = []
  readonly notifications: string[] = []
  readonly #firstQr = Promise.withResolvers<string>()
  readonly #keys = new Map<string, string>()
  #sock: WASocket | undefined
  #closed = Promise.withResolvers<number>()
  #opened = Promise.withResolvers<'open'>()

  get sock(): WASocket {
    if (!this.#sock) throw new Error('not connected')
    return this.#sock
  }

  get phone(): string {
    return this.creds.me?.id.split(':')[0] ?? ''
  }

  get firstQr(): Promise<string> {
    return this.#firstQr.promise
  }

  /** The code with which the socket ended. */
  get closed(): Promise<number> {
    return this.#closed.promise
  }

  /** Connects; resolves when it is open, or with the code with which it ended before. */
  connect(server: Pick<WhatsAppServer, 'url' | 'mediaCa'>, options: Options = {}): Promise<'open' | number> {
    this.#closed = Promise.withResolvers()
    this.#opened = Promise.withResolvers()
    const sock = makeWASocket({
      waWebSocketUrl: server.url,
      auth: { creds: this.creds, keys: this.#keyStore() },
      logger: silent,
      emitOwnEvents: false,
      markOnlineOnConnect: false,
      shouldSyncHistoryMessage: () => false,
      fetchAgent: new Agent({ ca: server.mediaCa }),
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 1 },
      ...options,
    })
    this.#sock = sock
    this.#listen(sock)
    return Promise.race([this.#opened.promise, this.closed])
  }

  /** Links by QR: whoever sees the newest one scans it. */
  async link(server: WhatsAppServer, scan: (qr: string) => Promise<unknown>): Promise<void> {
    const connected = this.connect(server)
    await scan(await this.firstQr)
    const code = await connected
    if (code !== 515) throw new Error(`linking ended with ${code}`)
  }

  async text(to: string, text: string, messageId: string): Promise<void> {
    await this.sock.sendMessage(`${to}@s.whatsapp.net`, { text }, { messageId })
  }

  async end(): Promise<void> {
    await this.#sock?.end(undefined)
  }

  /** Takes the keys back to what they are now when called, as a client does that crashed before it stored them. */
  rememberKeys(): () => void {
    const kept = new Map(this.#keys)
    return () => {
      this.#keys.clear()
      for (const [name, value] of kept) this.#keys.set(name, value)
    }
  }

  #listen(sock: WASocket): void {
    const [opened, closed] = [this.#opened, this.#closed]
    sock.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => this.acks.set(attrs['id'] ?? '', attrs))
    sock.ws.on('CB:receipt', (node: BinaryNode) => {
      for (const id of receivedIds(node)) this.receipts.push(`${id} ${node.attrs['type'] ?? 'delivered'}`)
    })
    sock.ws.on('CB:notification', ({ attrs }: BinaryNode) => this.notifications.push(attrs['type'] ?? ''))
    sock.ev.on('creds.update', (update) => Object.assign(this.creds, update))
    sock.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates) this.updates.push(`${key.id ?? ''} ${update.status ?? ''}`)
    })
    sock.ev.on('messages.upsert', ({ messages }) => this.received.push(...messages))
    sock.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr) {
        this.qrs.push(qr)
        this.#firstQr.resolve(qr)
      }
      if (connection === 'open') opened.resolve('open')
      if (connection === 'close') closed.resolve(codeOf(lastDisconnect?.error))
    })
  }

  #keyStore() {
    const keys = this.#keys
    return {
      get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
        const found = ids.map((id) => [id, keys.get(`${type}|${id}`)] as const)
        const known = found.filter(([, json]) => json !== undefined)
        return Object.fromEntries(
          known.map(([id, json]) => [id, JSON.parse(json ?? '', BufferJSON.reviver) as SignalDataTypeMap[T]]),
        )
      },
      set: (data: SignalDataSet) => {
        for (const [type, values] of Object.entries(data)) {
          for (const [id, value] of Object.entries(values)) {
            if (value === null) keys.delete(`${type}|${id}`)
            else keys.set(`${type}|${id}`, JSON.stringify(value, BufferJSON.replacer))
          }
        }
      },
    }
  }
}

function receivedIds({ attrs, content }: BinaryNode): (string | undefined)[] {
  const lists = Array.isArray(content) ? content.filter(({ tag }) => tag === 'list') : []
  const items = lists.flatMap(({ content: nodes }) => (Array.isArray(nodes) ? nodes : []))
  return [attrs['id'], ...items.map(({ attrs: item }) => item['id'])]
}

function codeOf(error: unknown): number {
  const output: unknown = error instanceof Error ? Reflect.get(error, 'output') : undefined
  return typeof output === 'object' && output !== null ? Number(Reflect.get(output, 'statusCode')) : 0
}
