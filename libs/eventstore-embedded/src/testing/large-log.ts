import { join } from 'node:path'

import { DATABASE_FILE, openDatabase } from '../store/database.ts'

/**
 * Writes so many events of a usual size into a new log, round the streams `stream-0`, `stream-1` ..., past the
 * protocol and in one transaction, which takes seconds where appends would take minutes.
 */
export function writeLargeLog(dataDir: string, size: { events: number; streams: number }): void {
  const database = openDatabase(join(dataDir, DATABASE_FILE))
  const revisions = size.events / size.streams
  database.pragma('synchronous = off')
  const numbers = (count: number) =>
    `with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n < ${count - 1})`
  database.exec(
    `begin;
    ${numbers(size.streams)}
      insert into streams(id, name, last_revision) select n + 1, 'stream-' || n, ${revisions - 1} from numbers;
    ${numbers(size.events)}
      insert into events(position, stream_id, revision, created, id, type, is_json, metadata, data)
      select n + 1, n % ${size.streams} + 1, n / ${size.streams}, 1700000000000 + n,
        printf('00000000-0000-4000-8000-%012x', n), 'Counted', 1, zeroblob(150), zeroblob(300) from numbers;
    commit;`,
  )
  database.close()
}
