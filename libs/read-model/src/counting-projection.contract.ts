// A program that the projection's test starts and kills. It keeps every event in a row of its own, so that one that was
// projected twice would be seen. Arguments: URL, file, prefix.
import { connectEventStore, type RecordedEvent } from '@peyk/event-sourcing'

import { openReadModel, type ReadModel } from './read-model.ts'
import { runProjection } from './run-projection.ts'

export const openRows = (file: string, version = 1, onDiscarded?: (reason: string) => void): ReadModel =>
  openReadModel({
    file,
    name: 'rows',
    version,
    schema: ['CREATE TABLE rows (event_id TEXT, stream TEXT, revision INTEGER, body TEXT) STRICT'],
    ...(onDiscarded === undefined ? {} : { onDiscarded }),
  })

export const projectRow =
  ({ database }: ReadModel) =>
  ({ id, streamName, revision, data }: RecordedEvent): void => {
    database
      .prepare('INSERT INTO rows VALUES (?, ?, ?, ?)')
      .run(id, streamName, revision, JSON.stringify(data))
  }

const [url, file, prefix] = process.argv.slice(2)
if (
  process.argv[1] === import.meta.filename &&
  url !== undefined &&
  file !== undefined &&
  prefix !== undefined
) {
  const readModel = openRows(file)
  await runProjection({
    store: connectEventStore(url),
    readModel,
    streamPrefixes: [prefix],
    project: projectRow(readModel),
    signal: new AbortController().signal,
    onProgress: ({ position }) => process.stdout.write(`${position}\n`),
  })
}
