// The port: what Peyk asks of an event store. `connectEventStore` is its only adapter.

/** An event on its way in. Without an id it gets a random one, and then a retry by the caller is a second event. */
export interface EventToAppend {
  /** A UUID. */
  readonly id?: string
  readonly type: string
  readonly data: unknown
  readonly metadata: object
}

/** What the stream must look like for an append to succeed; a number is the revision of its last event. */
export type ExpectedRevision = 'any' | 'no-stream' | 'stream-exists' | bigint

/** An event as the store gives it back. */
export interface RecordedEvent {
  readonly id: string
  readonly type: string
  readonly streamName: string
  /** Its number in its stream, from 0. */
  readonly revision: bigint
  /** Its place in the order of everything. */
  readonly position: bigint
  readonly data: unknown
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The end of a stream. */
export interface StreamHead {
  readonly revision: bigint
  readonly position: bigint
}

export interface AppendOptions {
  readonly expectedRevision: ExpectedRevision
}

export interface DeleteOptions {
  /** Default: any. */
  readonly expectedRevision?: Exclude<ExpectedRevision, 'stream-exists'>
}

export interface ReadOptions {
  /** Default: forwards. */
  readonly direction?: 'forwards' | 'backwards'
  /** The revision (of a stream: inclusive) or position (of everything: inclusive forwards, exclusive backwards). */
  readonly from?: bigint | 'start' | 'end'
  readonly maxCount?: number
}

export interface SubscribeOptions {
  /** The position to go on strictly after; `end` is the end at the moment of the call. Default: start. */
  readonly after?: bigint | 'start' | 'end'
  /** Only streams whose names begin with one of these; none: every stream but the store's own (`$...`). */
  readonly streamPrefixes: readonly string[]
  readonly signal: AbortSignal
}

/** `checkpoint`: everything up to here was looked at; `caughtUp`: live from here on (again after each reconnection). */
export type SubscriptionMessage =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'checkpoint'; readonly position: bigint }
  | { readonly kind: 'caughtUp' }

/** The store's own rules about a stream. */
export interface StreamMetadata {
  readonly maxCount?: number
  readonly maxAgeSeconds?: number
  /** Events before this revision are gone. */
  readonly truncateBefore?: number
}

export interface EventStore {
  /**
   * Appends all events or none, and tells the revision and position of the last one. A lost answer is retried with
   * the same ids and the same expected revision.
   * @throws WrongRevision, StreamTombstoned, AppendTooLarge, InvalidAppend, EventStoreUnavailable
   */
  append(streamName: string, events: readonly EventToAppend[], options: AppendOptions): Promise<StreamHead>
  /** @throws StreamNotFound, StreamTombstoned, EventStoreUnavailable */
  readStream(streamName: string, options?: ReadOptions): AsyncIterable<RecordedEvent>
  /** The last event's revision and position; undefined when the stream is missing, deleted or empty. */
  headOf(streamName: string): Promise<StreamHead | undefined>
  readAll(options?: ReadOptions): AsyncIterable<RecordedEvent>
  /** Every event once, in order, for ever: reconnects by itself with back-off and ends only when aborted. */
  subscribeToAll(options: SubscribeOptions): AsyncIterable<SubscriptionMessage>
  /** Its events are gone; an append begins it again, with the numbering going on. */
  deleteStream(streamName: string, options?: DeleteOptions): Promise<void>
  /** Its events are gone, and the name can never be used again. */
  tombstoneStream(streamName: string, options?: DeleteOptions): Promise<void>
  setStreamMetadata(streamName: string, metadata: StreamMetadata): Promise<void>
  /** Resolves when the store answers. @throws EventStoreUnavailable */
  health(): Promise<void>
  close(): Promise<void>
}
