// A campaign that somebody watches: its clients, the newest message of each type, and the window that is being filled.
import { randomUUID } from 'node:crypto'

import { type LiveMessageType } from '@peyk/contracts'

import type { Client } from './client.ts'
import { controlFrame, type Framed } from './frames.ts'
import { History, type LoadHistory } from './history.ts'
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

/** What a new client gets first: the newest message of each type. */
export interface Snapshot {
  readonly messages: readonly Framed[]
  readonly epoch: string
  /** How far the feed was before they were read: everything after it comes live, and may be in them too. */
  readonly through: number
  /** The campaign's count there; undefined when the messages are ahead of it. */
  readonly count: number | undefined
}

/** How far a stream was read. */
export interface StreamPosition {
  /** The stream's creation. */
  readonly epoch: string
  readonly sequence: number
}

export class Watched {
  readonly clients = new Set<Client>()
  readonly #metrics: RealtimeMetrics
  readonly #history: History
  readonly #newest = new Map<LiveMessageType, Framed>()
  /** Live messages that came before the first snapshot was there. */
  #early: Framed[] | undefined = []
  #epoch = ''
  #through = 0
  #count: number | undefined
  #window: Framed[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(metrics: RealtimeMetrics, loadHistory: LoadHistory) {
    this.#metrics = metrics
    this.#history = new History(loadHistory)
  }

  /**
   * The first snapshot, and then what came live in the meantime and is newer: once those who wait for it have entered.
   * What is not shown is not known by it: a completion read before its campaign ended there has still to come live.
   */
  begin(snapshot: Snapshot): void {
    this.#adopt({ ...snapshot, messages: shownOf(snapshot.messages) })
    setImmediate(() => this.#publishEarly())
  }

  /** The stream was lost: the snapshot is all that is known, and everybody is shown it. */
  restart(snapshot: Snapshot): void {
    this.#newest.clear()
    this.#adopt(snapshot)
    this.#window.push(...snapshot.messages)
    this.flush()
  }

  /** The QRs were lost; a new one has a sequence of a new stream. */
  forgetQr(): void {
    this.#newest.delete('qr_code')
  }

  publish(message: Framed): void {
    if (this.#early !== undefined) {
      this.#early.push(message)
      return
    }
    if (this.#isKnown(message)) return
    this.#remember(message)
    if (message.type !== 'qr_code') {
      this.#through = message.sequence
      this.#count = message.count
      this.#history.add(message)
    }
    this.#window.push(message)
    if (mayWait.has(message.type)) this.#timer ??= setTimeout(() => this.flush(), JOIN_MS)
    else this.flush()
  }

  /** From here on the client gets every message; before that what it missed, or the snapshot. */
  async enter(client: Client): Promise<void> {
    const { resume, isV2 } = client.options
    const missed = isV2 && resume !== undefined ? await this.#missedSince(resume) : undefined
    if (client.isClosing) return
    this.flush()
    if (isV2) this.#greet(client, missed)
    if (missed === undefined) this.#show(client, this.#snapshot())
    else this.#replay(client, missed)
    this.clients.add(client)
  }

  /** Writes the window: one joined buffer for each kind of client. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const messages = this.#window
    this.#window = []
    if (messages.length === 0) return
    this.#metrics.flushed(messages.length, this.clients.size)
    const parts = new Map<number, Part>()
    for (const client of this.clients) {
      const { isV2, mayLink } = client.options
      const kind = Number(isV2) * 2 + Number(mayLink)
      const part = parts.get(kind) ?? partOf(client, messages)
      parts.set(kind, part)
      if (client.skipsThrough > 0) this.#writeAfterResume(client, part.messages)
      else if (part.messages.length > 0) client.write(part.joined, part.messages)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#history.end()
  }

  #publishEarly(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const message of early) this.publish(message)
    this.flush()
  }

  #adopt({ messages, epoch, through, count }: Snapshot): void {
    this.#epoch = epoch
    this.#through = through
    this.#count = count
    for (const message of messages) this.#remember(message)
  }

  /** In the snapshot already, or older than what is. */
  #isKnown({ type, sequence }: Framed): boolean {
    if (type !== 'qr_code' && sequence <= this.#through) return true
    return sequence <= (this.#newest.get(type)?.sequence ?? 0)
  }

  #missedSince(position: NonNullable<Client['options']['resume']>): Promise<readonly Framed[] | undefined> {
    if (position.epoch !== this.#epoch) return Promise.resolve(undefined)
    if (position.count === this.#count) return Promise.resolve([])
    return this.#history.since(position.sequence, position.count)
  }

  /** The position that the client has before anything that follows. */
  #greet(client: Client, missed: readonly Framed[] | undefined): void {
    const { campaignId, resume, pingIntervalMs } = client.options
    const position =
      missed !== undefined && resume !== undefined
        ? { epoch: resume.epoch, seq: resume.sequence, n: resume.count }
        : { epoch: this.#epoch, seq: this.#through, n: this.#count }
    client.writeFrame(
      controlFrame('hello', campaignId, { session: randomUUID(), pingIntervalMs, ...position }),
    )
    if (resume === undefined) return
    const recovered = missed !== undefined
    this.#metrics.resumed(recovered)
    client.writeFrame(controlFrame('resumed', campaignId, { recovered }))
  }

  /** The feed may be behind what was read from the stream: it will not be written twice. */
  #replay(client: Client, missed: readonly Framed[]): void {
    if (missed.length > 0) client.write(joinedFor(client, missed), missed)
    client.skipsThrough = missed.at(-1)?.sequence ?? 0
    this.#show(
      client,
      this.#snapshot().filter(({ type }) => type === 'qr_code'),
    )
  }

  #writeAfterResume(client: Client, messages: readonly Framed[]): void {
    const newer = messages.filter(
      ({ type, sequence }) => type === 'qr_code' || sequence > client.skipsThrough,
    )
    if (newer.some(({ type }) => type !== 'qr_code')) client.skipsThrough = 0
    if (newer.length > 0) client.write(joinedFor(client, newer), newer)
  }

  #show(client: Client, messages: readonly Framed[]): void {
    const snapshot = visibleTo(client, messages)
    // A snapshot moves no position: it is shown in the plain envelope.
    if (snapshot.length > 0) client.write(joined(snapshot.map(({ frame }) => frame)), snapshot)
  }

  #remember(message: Framed): void {
    if (!isShownLater.has(message.type)) return
    const known = this.#newest.get(message.type)
    if (known === undefined || known.sequence < message.sequence) this.#newest.set(message.type, message)
  }

  #snapshot(): readonly Framed[] {
    return shownOf([...this.#newest.values()])
  }
}

/** campaign_update first, then the others in the order of the stream; a completion only of a campaign that has ended. */
function shownOf(newest: readonly Framed[]): readonly Framed[] {
  const campaign = newest.find(({ type }) => type === 'campaign_update')
  const hasEnded = finalStatus.test(campaign?.frame.toString('utf8') ?? '')
  const now = Date.now()
  return newest
    .filter(({ type }) => type !== 'completion_update' || hasEnded)
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .sort((a, b) => Number(b === campaign) - Number(a === campaign) || a.sequence - b.sequence)
}

/** What one kind of client gets of a window. */
interface Part {
  readonly joined: Buffer
  readonly messages: readonly Framed[]
}

const partOf = (client: Client, messages: readonly Framed[]): Part => {
  const visible = visibleTo(client, messages)
  return { joined: joinedFor(client, visible), messages: visible }
}

const joined = (frames: readonly Buffer[]): Buffer => Buffer.concat(frames)

const joinedFor = (client: Client, messages: readonly Framed[]): Buffer =>
  joined(messages.map((message) => client.frameOf(message)))

const visibleTo = (client: Client, messages: readonly Framed[]): readonly Framed[] =>
  client.options.mayLink ? messages : messages.filter(({ type }) => type !== 'qr_code')
