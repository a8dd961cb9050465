import Database from 'better-sqlite3'

/** The name of the log's file in its data directory. */
export const DATABASE_FILE = 'events.db'

export type SqliteDatabase = Database.Database

/** `body` columns stand last, so that a scan of keys does not read the pages that large bodies spill to. */
const SCHEMA = `
  create table if not exists streams(
    id integer primary key,
    name text not null unique,
    last_revision integer not null,
    tombstoned integer not null default 0
  );
  create index if not exists streams_tombstoned on streams(id) where tombstoned = 1;
  create table if not exists events(
    position integer primary key,
    stream_id integer not null,
    revision integer not null,
    created integer not null,
    id text not null,
    type text not null,
    is_json integer not null,
    metadata blob not null,
    data blob not null
  );
  create unique index if not exists events_by_stream on events(stream_id, revision);
  create table if not exists settings(name text primary key, value integer not null);
`

/**
 * Opens the log's file (`:memory:` for none). Every commit is on the disk before it is answered (`synchronous`),
 * and what is deleted is overwritten (`secure_delete`).
 */
export function openDatabase(file: string, { mustExist = false } = {}): SqliteDatabase {
  const database = new Database(file, { timeout: 10_000, fileMustExist: mustExist })
  database.pragma('auto_vacuum = incremental')
  database.pragma('journal_mode = wal')
  database.pragma('synchronous = full')
  database.pragma('secure_delete = on')
  database.pragma('cache_size = -8192')
  database.exec(SCHEMA)
  return database
}
