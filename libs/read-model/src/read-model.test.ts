import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { openReadModel, type DiscardReason, type ReadModel } from './read-model.ts'

let folder: TemporaryFolder
let discarded: DiscardReason[]
let opened: ReadModel[]

beforeEach(async () => {
  folder = await temporaryFolder()
  discarded = []
  opened = []
})

afterEach(async () => {
  for (const readModel of opened) readModel.close()
  await folder.remove()
})

const open = ({ version = 1, name = 'names' } = {}): ReadModel => {
  const readModel = openReadModel({
    file: join(folder.path, 'nested', 'names.db'),
    name,
    version,
    schema: [
      'CREATE TABLE names (name TEXT PRIMARY KEY) STRICT',
      'CREATE VIEW loud AS SELECT upper(name) FROM names',
    ],
    onDiscarded: (reason) => discarded.push(reason),
  })
  opened.push(readModel)
  return readModel
}

const add = (readModel: ReadModel, name: string) => () => {
  readModel.database.prepare('INSERT INTO names VALUES (?)').run(name)
}

const names = ({ database }: ReadModel) =>
  database.prepare('SELECT name FROM names ORDER BY name').pluck().all()

describe('work and checkpoint', () => {
  test('move together, and stay after a close', () => {
    const first = open()
    expect(first.checkpoint()).toBeUndefined()
    expect(first.apply(7n, add(first, 'a'), { id: 'e', position: 6n })).toBe(true)
    first.close()

    const again = open()
    expect([again.checkpoint(), names(again), again.lastEvent()]).toEqual([
      7n,
      ['a'],
      { id: 'e', position: 6n },
    ])
    expect(discarded).toEqual([])
  })

  test('neither moves when the work fails', () => {
    const readModel = open()
    readModel.apply(1n, add(readModel, 'a'))
    const failing = () => {
      add(readModel, 'b')()
      throw new Error('no')
    }
    expect(() => readModel.apply(2n, failing)).toThrow('no')
    expect([readModel.checkpoint(), names(readModel)]).toEqual([1n, ['a']])
  })

  test('applying twice, or from behind, is applying once', () => {
    const readModel = open()
    readModel.apply(5n, add(readModel, 'a'))
    expect(readModel.apply(5n, add(readModel, 'b'))).toBe(false)
    expect(readModel.apply(4n, add(readModel, 'c'))).toBe(false)
    expect([readModel.checkpoint(), names(readModel)]).toEqual([5n, ['a']])
  })

  test('a checkpoint without an event keeps the last event', () => {
    const readModel = open()
    readModel.apply(5n, add(readModel, 'a'), { id: 'e', position: 5n })
    readModel.apply(9n, () => undefined)
    expect([readModel.checkpoint(), readModel.lastEvent()]).toEqual([9n, { id: 'e', position: 5n }])
  })

  test('a position beyond 2^53 stays exact', () => {
    const readModel = open()
    readModel.apply(9_007_199_254_740_993n, () => undefined)
    expect(readModel.checkpoint()).toBe(9_007_199_254_740_993n)
  })
})

describe('is thrown away and begun again', () => {
  test('when it is of another version', () => {
    const old = open({ version: 1 })
    old.apply(5n, add(old, 'a'))
    old.close()
    const renewed = open({ version: 2 })
    expect([renewed.checkpoint(), names(renewed), discarded]).toEqual([undefined, [], ['otherVersion']])
  })

  test.each([
    ['other content', 'this is no database, but it is long enough to be taken for one'.repeat(20)],
    ['too short', 'short'],
  ])('when the file is damaged: %s', (_, content) => {
    open().close()
    writeFileSync(join(folder.path, 'nested', 'names.db'), content)
    const renewed = open()
    renewed.apply(1n, add(renewed, 'a'))
    expect([names(renewed), discarded]).toEqual([['a'], ['damaged']])
  })

  test('when a page in the middle is damaged', () => {
    const readModel = open()
    readModel.apply(1n, () => {
      for (let index = 0; index < 5_000; index += 1) add(readModel, `name ${index}`)()
    })
    readModel.close()
    const file = join(folder.path, 'nested', 'names.db')
    writeFileSync(file, Buffer.alloc(3 * 4096, 0xaa), { flag: 'r+' })
    expect(names(open())).toEqual([])
    expect(discarded).toEqual(['damaged'])
  })

  test('when asked, with the statements of its readers still good', () => {
    const readModel = open()
    const count = readModel.database.prepare('SELECT count(*) FROM names').pluck()
    readModel.apply(1n, add(readModel, 'a'))
    expect(count.get()).toBe(1)
    readModel.discard('otherHistory')
    expect([count.get(), readModel.checkpoint()]).toEqual([0, undefined])
    readModel.apply(1n, add(readModel, 'b'))
    expect(count.get()).toBe(1)
  })
})

test('a file of another read model is refused, not destroyed', () => {
  const readModel = open()
  readModel.apply(1n, add(readModel, 'a'))
  expect(() => open({ name: 'others' })).toThrow('the file holds the read model names, not others')
  expect(names(readModel)).toEqual(['a'])
})

describe('waiting for a position', () => {
  test('resolves when it is reached, at once when it is', async () => {
    const readModel = open()
    const waiting = readModel.waitForPosition(2n, 5_000)
    readModel.apply(1n, () => undefined)
    readModel.apply(3n, () => undefined)
    await expect(waiting).resolves.toBe(true)
    await expect(readModel.waitForPosition(3n, 0)).resolves.toBe(true)
  })

  test('gives up when the time is up, or when the read model closes', async () => {
    const readModel = open()
    await expect(readModel.waitForPosition(2n, 5)).resolves.toBe(false)
    const waiting = readModel.waitForPosition(2n, 60_000)
    readModel.close()
    await expect(waiting).resolves.toBe(false)
  })
})
