export { spawnEventStore } from './spawn.ts'
export type { SpawnedEventStore, SpawnOptions } from './spawn.ts'
export { startEventStoreServer } from './start.ts'
export type { EventStoreServer, EventStoreServerOptions } from './start.ts'
