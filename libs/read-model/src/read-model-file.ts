// The SQLite file: opened, checked, and made anew when it is damaged. It holds nothing that events do not.
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'

import Database from 'better-sqlite3'

export type ReadModelDatabase = Database.Database

/** In memory, and SQLite's own temporary file, which is gone when it is closed. */
const WITHOUT_FILE = [':memory:', '']
const DAMAGED = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT']

/** Opens the file; a damaged one is told, deleted, and made anew. */
export const openReadModelFile = (file: string, onDamaged: () => void): ReadModelDatabase => {
  if (!WITHOUT_FILE.includes(file)) mkdirSync(dirname(file), { recursive: true })
  try {
    return openSound(file)
  } catch (error) {
    if (!isDamage(error)) throw error
    onDamaged()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
    return openSound(file)
  }
}

/** A lost last transaction is read again from the events, so the file is not synced at each commit. */
const openSound = (file: string): ReadModelDatabase => {
  const database = new Database(file)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = NORMAL')
    database.pragma('busy_timeout = 5000')
    database.pragma('foreign_keys = ON')
    if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw new DamagedFile()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

class DamagedFile extends Error {
  override readonly name = 'DamagedFile'
}

/** Told by its code alone: the driver makes its errors with the classes of whoever loaded it first. */
const isDamage = (error: unknown): boolean => {
  if (error instanceof DamagedFile) return true
  const hasCode = typeof error === 'object' && error !== null && 'code' in error
  return hasCode && DAMAGED.some((code) => String(error.code).startsWith(code))
}
