import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { Store } from './store.ts'

describe('a store with a folder', () => {
  let folder: TemporaryFolder
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  const journal = () => join(folder.path, 'state.jsonl')

  test('opened again without having been closed it knows the newest values', () => {
    const store = new Store(folder.path)
    store.set('a/1', { bytes: Buffer.from([1, 2]), text: 'سلام' })
    store.set('a/2', 1)
    store.set('a/2', 2)
    store.set('b', 3)
    store.delete('b')
    const again = new Store(folder.path)
    expect([...again.entries('a/')]).toEqual([
      ['a/1', { bytes: Buffer.from([1, 2]), text: 'سلام' }],
      ['a/2', 2],
    ])
    expect(again.get('b')).toBeUndefined()
    store.close()
    again.close()
  })

  test('half a line at the end is dropped, and what is written after it counts', () => {
    const store = new Store(folder.path)
    store.set('a', 1)
    store.close()
    appendFileSync(journal(), '["b",{"x":')
    const again = new Store(folder.path)
    expect(again.get('b')).toBeUndefined()
    again.set('c', 3)
    again.close()
    const third = new Store(folder.path)
    expect([...third.entries('')]).toEqual([
      ['a', 1],
      ['c', 3],
    ])
    third.close()
  })

  test('it is rewritten when it is opened', () => {
    const store = new Store(folder.path)
    for (let value = 0; value < 100; value += 1) store.set('a', value)
    store.close()
    new Store(folder.path).close()
    expect(readFileSync(journal(), 'utf8')).toBe('["a",99]\n')
  })
})
