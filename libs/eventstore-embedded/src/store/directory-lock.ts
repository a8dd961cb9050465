import { join } from 'node:path'

import Database from 'better-sqlite3'

const LOCK_FILE = 'server.lock'

/** How long a start waits for the lock of a server that is just ending. */
const WAIT_MS = 2_000

/**
 * Keeps a second server out of a data directory: two writers would give the same position twice. The lock is one
 * of the operating system's, held through an empty SQLite file, so it ends with the process however that ends.
 */
export function lockDirectory(directory: string): () => void {
  const lock = new Database(join(directory, LOCK_FILE), { timeout: WAIT_MS })
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw new Error(`another server is using ${directory}`, { cause })
  }
  return () => lock.close()
}
