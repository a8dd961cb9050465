// Our definitions as the server's configuration, and back as fields that can be compared.
import type { BucketDefinition, ObjectStoreDefinition, StreamDefinition, Topology } from '@peyk/contracts'
import type { StreamConfig } from 'nats'

const NANOS_PER_MS = 1_000_000
/** The server wants a window, and none longer than the age. */
const BUCKET_DUPLICATE_WINDOW_MS = 120_000

/** What a stream is to be, whether it stands for a stream, a bucket or an object store. */
export interface WantedStream extends StreamDefinition {
  /** Buckets and object stores: single messages can only be replaced, not deleted. */
  readonly denyDelete: boolean
}

export const bucketStream = (bucket: string): string => `KV_${bucket}`
export const objectStoreStream = (store: string): string => `OBJ_${store}`

export const wantedStreams = (topology: Topology): readonly WantedStream[] => [
  ...topology.streams.map((stream) => ({ ...stream, denyDelete: false })),
  ...topology.buckets.map(wantedForBucket),
  ...topology.objectStores.map(wantedForObjectStore),
]

const wantedForBucket = (bucket: BucketDefinition): WantedStream => ({
  name: bucketStream(bucket.name),
  description: bucket.description,
  subjects: [`$KV.${bucket.name}.>`],
  retention: 'limits',
  storage: bucket.storage,
  discard: 'new',
  maxAgeMs: bucket.ttlMs,
  maxBytes: bucket.maxBytes,
  maxMessageBytes: bucket.maxValueBytes,
  maxMessagesPerSubject: bucket.history,
  duplicateWindowMs: duplicateWindowMs(bucket.ttlMs),
  replicas: bucket.replicas,
  allowDirect: bucket.allowDirect,
  allowRollup: true,
  denyDelete: true,
})

const wantedForObjectStore = (store: ObjectStoreDefinition): WantedStream => ({
  name: objectStoreStream(store.name),
  description: store.description,
  subjects: [`$O.${store.name}.C.>`, `$O.${store.name}.M.>`],
  retention: 'limits',
  storage: store.storage,
  discard: 'new',
  maxAgeMs: store.ttlMs,
  maxBytes: store.maxBytes,
  maxMessageBytes: -1,
  maxMessagesPerSubject: -1,
  duplicateWindowMs: duplicateWindowMs(store.ttlMs),
  replicas: store.replicas,
  allowDirect: false,
  allowRollup: true,
  denyDelete: false,
})

const duplicateWindowMs = (ttlMs: number): number =>
  ttlMs === 0 ? BUCKET_DUPLICATE_WINDOW_MS : Math.min(BUCKET_DUPLICATE_WINDOW_MS, ttlMs)

/** The server's name of each of our fields. */
export const serverField: Readonly<Record<keyof WantedStream, keyof StreamConfig>> = {
  name: 'name',
  description: 'description',
  subjects: 'subjects',
  retention: 'retention',
  storage: 'storage',
  discard: 'discard',
  maxAgeMs: 'max_age',
  maxBytes: 'max_bytes',
  maxMessageBytes: 'max_msg_size',
  maxMessagesPerSubject: 'max_msgs_per_subject',
  duplicateWindowMs: 'duplicate_window',
  replicas: 'num_replicas',
  allowDirect: 'allow_direct',
  allowRollup: 'allow_rollup_hdrs',
  denyDelete: 'deny_delete',
}

/** Our value of a field in the server's unit. */
export function serverValue(wanted: WantedStream, field: keyof WantedStream): unknown {
  return field === 'maxAgeMs' || field === 'duplicateWindowMs' ? wanted[field] * NANOS_PER_MS : wanted[field]
}

/** The server's value of a field; what an older server leaves out is off. */
export const actualValue = (config: StreamConfig, field: keyof WantedStream): unknown =>
  config[serverField[field]] ?? (field === 'description' ? '' : false)

export const fieldsOf = (wanted: WantedStream): readonly (keyof WantedStream)[] =>
  Object.keys(wanted).filter((field): field is keyof WantedStream => field in serverField)

/** What a new stream is made of. */
export const newStream = (wanted: WantedStream): Readonly<Record<string, unknown>> => ({
  max_msgs: -1,
  max_consumers: -1,
  ...changed(wanted, fieldsOf(wanted)),
})

/** The chosen fields in the server's words. */
export const changed = (
  wanted: WantedStream,
  fields: readonly (keyof WantedStream)[],
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(fields.map((field) => [serverField[field], serverValue(wanted, field)]))
