export { connectNats, type ConnectOptions, type Nats, type NatsStatus } from './connection.ts'
export {
  ConsumerGone,
  InvalidKey,
  JetStreamRefused,
  NatsUnavailable,
  NoResponder,
  NoStream,
  ObjectDamaged,
  ObjectTooLarge,
  RequestRefused,
  StreamDrift,
  StreamFull,
  UnsafeCluster,
  WrongLastSequence,
} from './errors.ts'
export type { Log } from './log.ts'
export { createNkey, type Nkey, publicKeyOf } from './nkeys.ts'
export { decodeJson, encodePayload, type Headers, type Payload, type StoredMessage } from './message.ts'
export { createPublisher, type Publisher } from './publish/publisher.ts'
export type { OutgoingMessage, PublishAllOptions, Published, PublishOptions } from './publish/outgoing.ts'
export {
  applyStreams,
  ensureStreams,
  type EnsureStreamsOptions,
  planStreams,
} from './streams/ensure-streams.ts'
export { type FieldDifference, formatPlan, type StreamPlan } from './streams/stream-plan.ts'
export {
  deleteMessage,
  lastMessageOf,
  messageAt,
  nextMessageOf,
  purgeSubject,
  readSubjects,
  streamEpoch,
  streamInfo,
  type StreamState,
} from './streams/read-stream.ts'
export {
  type EpochChange,
  type Feed,
  type FeedMessage,
  type FeedPosition,
  type FeedStart,
  orderedFeed,
  type OrderedFeedOptions,
} from './feed/ordered-feed.ts'
export type { FeedResetReason } from './feed/push-consumer.ts'
export { readMessages, type ReadMessagesOptions } from './feed/read-messages.ts'
export {
  consumerBacklog,
  type ConsumerBacklog,
  type ConsumerDefinition,
  deleteConsumer,
  ensureConsumer,
  listConsumers,
} from './consumer/durable-consumer.ts'
export {
  type DeliveredMessage,
  pullConsumer,
  type PullConsumer,
  type PullConsumerOptions,
} from './consumer/pull-consumer.ts'
export { deadLetterHeaders } from './consumer/dead-letter.ts'
export { consume, type ConsumeOptions, type ConsumerMessage, type HandlerResult } from './consumer/consume.ts'
export { acquireLease, type Lease, type LeaseOptions, tryAcquireLease } from './lease.ts'
export { type Bucket, type BucketChange, type BucketEntry, openBucket, type WatchOptions } from './bucket.ts'
export {
  type ObjectInfo,
  type ObjectStore,
  openObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.ts'
export { type Question, request, respond } from './request-reply.ts'
export { extractTrace, injectTrace, type MessageSpan, withMessageSpan } from './trace.ts'
export { obtainNatsServer } from './server/obtain-server.ts'
export { type NatsCluster, startNatsCluster } from './server/start-cluster.ts'
export { type NatsServer, type NatsServerOptions, startNatsServer } from './server/start-server.ts'
