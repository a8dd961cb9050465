import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from '@jest/globals'

import { withFileLock } from './file-lock.ts'

let folder: string
let lock: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
  lock = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true }))

test('one at a time, and the lock is gone afterwards, after a failure too', async () => {
  let inside = 0
  const work = async () => {
    inside += 1
    expect(inside).toBe(1)
    await Promise.resolve()
    inside -= 1
    return 'done'
  }
  expect(await Promise.all([withFileLock(lock, work), withFileLock(lock, work)])).toEqual(['done', 'done'])
  await expect(withFileLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(existsSync(lock)).toBe(false)
})

test('a lock whose owner is gone is broken', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  await writeFile(lock, String(pid))
  expect(await withFileLock(lock, () => Promise.resolve('mine'))).toBe('mine')
})
