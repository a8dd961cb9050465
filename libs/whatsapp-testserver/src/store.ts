/**
 * What the server remembers: values by key, in memory, and with a folder also on disk. On disk it is a journal, one
 * JSON line a change, written before the change counts, so that a kill loses nothing; it is rewritten at the start
 * and when it has grown.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { BufferJSON } from '@whiskeysockets/baileys'

const SMALLEST_REWRITE_BYTES = 64 * 1024 * 1024
const GROWTH_BEFORE_REWRITE = 4

export class Store {
  readonly #values = new Map<string, unknown>()
  readonly #file: string | undefined
  #descriptor: number | undefined
  #writtenBytes = 0
  #rewrittenBytes = 0

  /** Without a folder nothing outlives the process. */
  constructor(folder?: string) {
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'state.jsonl')
    if (existsSync(this.#file)) this.#load(readFileSync(this.#file, 'utf8'))
    this.#rewrite(this.#file)
  }

  get(key: string): unknown {
    return this.#values.get(key)
  }

  set(key: string, value: unknown): void {
    this.#values.set(key, value)
    this.#append(line(key, value))
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#append(line(key))
  }

  /** Everything whose key begins so. */
  *entries(prefix: string): Generator<[key: string, value: unknown]> {
    for (const entry of this.#values) if (entry[0].startsWith(prefix)) yield entry
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #load(journal: string): void {
    for (const text of journal.split('\n')) {
      const change = readLine(text)
      if (!change) continue
      if (change.length === 1) this.#values.delete(change[0])
      else this.#values.set(change[0], change[1])
    }
  }

  #append(text: string): void {
    if (this.#descriptor === undefined || this.#file === undefined) return
    this.#writtenBytes += writeSync(this.#descriptor, text)
    const limit = Math.max(SMALLEST_REWRITE_BYTES, GROWTH_BEFORE_REWRITE * this.#rewrittenBytes)
    if (this.#writtenBytes > limit) this.#rewrite(this.#file)
  }

  #rewrite(file: string): void {
    this.close()
    const fresh = openSync(`${file}.new`, 'w', 0o600)
    this.#rewrittenBytes = 0
    for (const [key, value] of this.#values) this.#rewrittenBytes += writeSync(fresh, line(key, value))
    closeSync(fresh)
    renameSync(`${file}.new`, file)
    this.#descriptor = openSync(file, 'a')
    this.#writtenBytes = this.#rewrittenBytes
  }
}

function line(...change: readonly [key: string, value?: unknown]): string {
  return `${JSON.stringify(change, BufferJSON.replacer)}\n`
}

/** The last line of a process that was killed may be half a line. */
function readLine(text: string): [key: string, value?: unknown] | undefined {
  try {
    return JSON.parse(text, BufferJSON.reviver) as [key: string, value?: unknown]
  } catch {
    return undefined
  }
}
