// A campaign that somebody watches: its clients, the newest message of each type, and the window that is being filled.
import type { LiveMessageType } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Framed } from './frames.ts'
import type { RealtimeMetrics } from './metrics.ts'

/** Counters may wait this long to be written together with what comes after them. */
const JOIN_MS = 5
const mayWait = new Set<LiveMessageType>(['progress_update', 'campaign_update'])
/** Shown to who comes later; progress and errors are of their moment. */
const isShownLater = new Set<LiveMessageType>([
  'campaign_update',
  'status_update',
  'qr_code',
  'completion_update',
])
const finalStatus = /"status":"(COMPLETED|CANCELLED|FAILED)"/

export class Watched {
  readonly clients = new Set<Client>()
  readonly #metrics: RealtimeMetrics
  readonly #newest = new Map<LiveMessageType, Framed>()
  /** Live messages that came before the first snapshot was there. */
  #early: Framed[] | undefined = []
  #window: Framed[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(metrics: RealtimeMetrics) {
    this.#metrics = metrics
  }

  /** The first snapshot: whoever waits gets it, and then what came live in the meantime and is newer. */
  begin(snapshot: readonly Framed[]): void {
    const known = new Map(snapshot.map(({ type, sequence }) => [type, sequence]))
    const early = this.#early ?? []
    this.#early = undefined
    for (const message of snapshot) this.#remember(message)
    for (const client of this.clients) this.#show(client)
    for (const message of early) if (message.sequence > (known.get(message.type) ?? -1)) this.publish(message)
    this.flush()
  }

  /** The streams were lost: the snapshot is all that is known, and everybody is shown it. */
  restart(snapshot: readonly Framed[]): void {
    this.#newest.clear()
    for (const message of snapshot) this.#remember(message)
    this.#window.push(...snapshot)
    this.flush()
  }

  publish(message: Framed): void {
    if (this.#early !== undefined) {
      this.#early.push(message)
      return
    }
    this.#remember(message)
    this.#window.push(message)
    if (mayWait.has(message.type)) this.#timer ??= setTimeout(() => this.flush(), JOIN_MS)
    else this.flush()
  }

  /** From here on the client gets every message; what it missed it gets as the snapshot. */
  add(client: Client): void {
    this.flush()
    this.clients.add(client)
    if (this.#early === undefined) this.#show(client)
  }

  /** Writes the window: one joined buffer for all, and one without the QR for those who may not see it. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const messages = this.#window
    this.#window = []
    if (messages.length === 0) return
    this.#metrics.flushed(messages.length, this.clients.size)
    const all = joined(messages)
    const open = messages.filter(({ type }) => type !== 'qr_code')
    const openJoined = open.length === messages.length ? all : joined(open)
    for (const client of this.clients) {
      if (client.options.mayLink) client.write(all, messages)
      else if (open.length > 0) client.write(openJoined, open)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #show(client: Client): void {
    const snapshot = visibleTo(client, this.#snapshot())
    if (snapshot.length > 0) client.write(joined(snapshot), snapshot)
  }

  #remember(message: Framed): void {
    if (!isShownLater.has(message.type)) return
    const known = this.#newest.get(message.type)
    if (known === undefined || known.sequence < message.sequence) this.#newest.set(message.type, message)
  }

  /** campaign_update first, then the others in the order of the stream; a completion only of a campaign that has ended. */
  #snapshot(): readonly Framed[] {
    const campaign = this.#newest.get('campaign_update')
    const hasEnded = finalStatus.test(campaign?.frame.toString('utf8') ?? '')
    const now = Date.now()
    return [...this.#newest.values()]
      .filter(({ type }) => type !== 'completion_update' || hasEnded)
      .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
      .sort((a, b) => Number(b === campaign) - Number(a === campaign) || a.sequence - b.sequence)
  }
}

const joined = (messages: readonly Framed[]): Buffer => Buffer.concat(messages.map(({ frame }) => frame))

const visibleTo = (client: Client, messages: readonly Framed[]): readonly Framed[] =>
  client.options.mayLink ? messages : messages.filter(({ type }) => type !== 'qr_code')
