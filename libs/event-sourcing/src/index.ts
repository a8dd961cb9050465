export * from './decider.ts'
export * from './event-store.ts'
export * from './event-store-errors.ts'
export { currentTraceparent, type EventMetadata } from './event-metadata.ts'
export { eventIdOf, uuidV5 } from './event-ids.ts'
export {
  handleCommand,
  loadStream,
  NO_REVISION,
  type CommandResult,
  type CommandToHandle,
  type DomainEvent,
  type EventCodec,
  type LoadedStream,
} from './handle-command.ts'
export { type EventStoreCall, observeCalls } from './observe-calls.ts'
export { runSubscription, type SubscriptionToRun } from './run-subscription.ts'
export { connectEventStore, type EventStoreOptions } from './esdb/connect-event-store.ts'
