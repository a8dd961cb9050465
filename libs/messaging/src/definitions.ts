// What a stream and a bucket are to be, field by field, so that no server's default decides.

/** A JetStream stream. `-1` means unlimited; `maxAgeMs: 0` means for ever. */
export interface StreamDefinition {
  readonly name: string
  readonly description: string
  readonly subjects: readonly string[]
  readonly retention: 'limits' | 'workqueue'
  readonly storage: 'file' | 'memory'
  /** `new` refuses a write when the stream is full; `old` silently drops the oldest. */
  readonly discard: 'old' | 'new'
  readonly maxAgeMs: number
  readonly maxBytes: number
  readonly maxMessageBytes: number
  readonly maxMessagesPerSubject: number
  readonly duplicateWindowMs: number
  readonly replicas: number
  readonly allowDirect: boolean
  readonly allowRollup: boolean
}

/** A key-value bucket. Never read directly: any replica may then answer stale. */
export interface BucketDefinition {
  readonly name: string
  readonly description: string
  readonly ttlMs: number
  readonly history: number
  readonly storage: 'file' | 'memory'
  readonly maxBytes: number
  readonly maxValueBytes: number
  readonly replicas: number
  readonly allowDirect: false
}

/** A bucket of large objects, kept in chunks. */
export interface ObjectStoreDefinition {
  readonly name: string
  readonly description: string
  readonly ttlMs: number
  readonly storage: 'file' | 'memory'
  readonly maxBytes: number
  readonly replicas: number
}

/** All that NATS has to hold for a system. */
export interface Topology {
  readonly streams: readonly StreamDefinition[]
  readonly buckets: readonly BucketDefinition[]
  readonly objectStores?: readonly ObjectStoreDefinition[]
}
