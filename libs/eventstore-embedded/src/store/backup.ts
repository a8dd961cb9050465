import { fsyncSync, closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import Database from 'better-sqlite3'

import { DATABASE_FILE } from './database.ts'

/**
 * Copies the log of a data directory, as it is at this moment, into one new file, while a server may be writing to
 * it. The copy is checked, flushed to the disk and only then given its name.
 */
export function backup(dataDir: string, target: string): void {
  if (existsSync(target)) throw new Error(`${target} exists already`)
  const partial = `${target}.partial`
  rmSync(partial, { force: true })
  const source = new Database(join(dataDir, DATABASE_FILE), { readonly: true, fileMustExist: true })
  try {
    source.prepare<[string]>('vacuum into ?').run(partial)
  } finally {
    source.close()
  }
  check(partial)
  flush(partial)
  renameSync(partial, target)
}

function check(file: string): void {
  const copy = new Database(file, { readonly: true, fileMustExist: true })
  try {
    const answer = copy.pragma('quick_check(1)', { simple: true })
    if (answer !== 'ok') throw new Error(`the copy is damaged: ${String(answer)}`)
  } finally {
    copy.close()
  }
}

function flush(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
