export {
  openReadModel,
  type DiscardReason,
  type LastEvent,
  type ReadModel,
  type ReadModelOptions,
} from './read-model.ts'
export type { ReadModelDatabase } from './read-model-file.ts'
export { runProjection, type ProjectionProgress, type ProjectionToRun } from './run-projection.ts'
