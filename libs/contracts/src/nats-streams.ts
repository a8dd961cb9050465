// The streams and buckets of NATS as data (architecture.md, section 5): every field that a server would fill in.

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB
const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute

/** -1 means unlimited, 0 as an age means for ever. */
export interface StreamDefinition {
  readonly name: string
  readonly description: string
  readonly subjects: readonly string[]
  readonly retention: 'limits' | 'workqueue'
  readonly storage: 'file' | 'memory'
  /** `new` refuses writes when full; the default of the server, `old`, loses facts with no error. */
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

/** A KV bucket. Reads go to the leader: with direct reads any replica may answer stale. */
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

const fileStream = {
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  maxAgeMs: 0,
  maxMessageBytes: 1 * MiB,
  maxMessagesPerSubject: -1,
  duplicateWindowMs: 2 * minute,
  allowDirect: false,
  allowRollup: false,
} as const

/** A bucket of large objects, kept in chunks. */
export interface ObjectStoreDefinition {
  readonly name: string
  readonly description: string
  readonly ttlMs: number
  readonly storage: 'file' | 'memory'
  readonly maxBytes: number
  readonly replicas: number
}

const streams: readonly Omit<StreamDefinition, 'replicas'>[] = [
  {
    ...fileStream,
    name: 'EVENTS',
    description: 'The public contract for other services: CloudEvents of campaigns and sessions',
    subjects: ['events.*.campaign.*.*', 'events.*.session.*.*'],
    maxAgeMs: 30 * day,
    maxBytes: 2 * GiB,
  },
  {
    ...fileStream,
    name: 'DISPATCH',
    description: 'Jobs: one message to one recipient',
    subjects: ['dispatch.*.*.*'],
    retention: 'workqueue',
    maxBytes: 1 * GiB,
    maxMessageBytes: 64 * KiB,
  },
  {
    ...fileStream,
    name: 'OUTCOMES',
    description: 'Intents and outcomes of sends in one order',
    subjects: ['intents.*.*', 'outcomes.*.campaign.*.*', 'outcomes.*.session.*.*'],
    maxAgeMs: 7 * day,
    maxBytes: 2 * GiB,
    maxMessageBytes: 256 * KiB,
  },
  {
    ...fileStream,
    name: 'WA_KEYS',
    description: 'Encrypted credentials of WhatsApp sessions: an append-only log a session',
    subjects: ['wakeys.*'],
    maxBytes: 512 * MiB,
    maxMessageBytes: 4 * MiB,
    allowRollup: true,
  },
  {
    ...fileStream,
    name: 'LIVE',
    description: 'The live feed',
    subjects: [
      'live.*.*.campaign_update',
      'live.*.*.progress_update',
      'live.*.*.status_update',
      'live.*.*.error_update',
      'live.*.*.completion_update',
    ],
    discard: 'old',
    maxBytes: 512 * MiB,
    maxMessageBytes: 64 * KiB,
    maxMessagesPerSubject: 1_000,
  },
  {
    ...fileStream,
    name: 'LIVE_QR',
    description: 'The current QR code of a link: it links an account, so it is never stored on disk',
    subjects: ['live.*.*.qr_code'],
    storage: 'memory',
    discard: 'old',
    maxAgeMs: 1 * minute,
    maxBytes: 32 * MiB,
    maxMessageBytes: 128 * KiB,
    maxMessagesPerSubject: 1,
    duplicateWindowMs: 1 * minute,
  },
  {
    ...fileStream,
    name: 'AUDIT',
    description: 'Sensitive reads and commands, until campaign has appended them to the audit stream',
    subjects: ['audit.*'],
    retention: 'workqueue',
    maxBytes: 128 * MiB,
    maxMessageBytes: 64 * KiB,
  },
  {
    ...fileStream,
    name: 'DEAD_LETTERS',
    description: 'Messages that could not be handled, with the reason',
    subjects: ['dead.*'],
    maxAgeMs: 30 * day,
    maxBytes: 256 * MiB,
  },
]

const bucket = {
  ttlMs: 0,
  history: 1,
  storage: 'file',
  maxBytes: 32 * MiB,
  maxValueBytes: 64 * KiB,
  allowDirect: false,
} as const

const buckets: readonly Omit<BucketDefinition, 'replicas'>[] = [
  { ...bucket, name: 'sessions', description: 'Which WhatsApp numbers are to be linked' },
  { ...bucket, name: 'runs', description: 'Gate and definition of each run', maxBytes: 256 * MiB },
  { ...bucket, name: 'campaign_access', description: 'Whose campaign it is', maxBytes: 128 * MiB },
  { ...bucket, name: 'checkpoints', description: 'How far relay and ledger are' },
  {
    ...bucket,
    name: 'numbers',
    description: 'Which session holds a WhatsApp number, as keyed hash',
  },
  { ...bucket, name: 'tenant_keys', description: 'The wrapped key of each tenant' },
  {
    ...bucket,
    name: 'optouts',
    description: 'Who does not want messages, as keyed hash',
    maxBytes: 128 * MiB,
  },
  { ...bucket, name: 'imports', description: 'Progress and result of imports', ttlMs: 7 * day },
  {
    ...bucket,
    name: 'requests',
    description: 'What each Idempotency-Key was used for, as SHA-256',
    ttlMs: 1 * day,
    maxBytes: 128 * MiB,
  },
  {
    ...bucket,
    name: 'revocations',
    description: 'Tokens and accesses that were taken back',
    ttlMs: 30 * day,
  },
  {
    ...bucket,
    name: 'ws_tickets',
    description: 'One-use tickets for the live feed, as SHA-256',
    storage: 'memory',
    ttlMs: 1 * minute,
  },
  {
    ...bucket,
    name: 'leases',
    description: 'Which process owns a thing now; an entry that is not renewed expires',
    storage: 'memory',
    ttlMs: 15 * second,
  },
]

const objectStores: readonly Omit<ObjectStoreDefinition, 'replicas'>[] = [
  {
    name: 'imports',
    description: 'Uploads until they are imported, and the rows that were refused',
    ttlMs: 7 * day,
    storage: 'file',
    maxBytes: 512 * MiB,
  },
]

export interface Topology {
  readonly streams: readonly StreamDefinition[]
  readonly buckets: readonly BucketDefinition[]
  readonly objectStores: readonly ObjectStoreDefinition[]
}

/** All that NATS holds. `replicas` is 3 in production, 1 on a laptop. It fits in 80 % of a store of 10 GiB. */
export const natsTopology = (replicas: number): Topology => ({
  streams: streams.map((definition) => ({ ...definition, replicas })),
  buckets: buckets.map((definition) => ({ ...definition, replicas })),
  objectStores: objectStores.map((definition) => ({ ...definition, replicas })),
})
