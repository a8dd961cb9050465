import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'

import { breakingChanges } from './src/breaking.ts'
import { contractFiles, RELEASED, shapes } from './src/files.ts'
import type { JsonSchema } from './src/schemas.ts'

const folder = import.meta.dirname

test('the files are those that the contracts make: npm run contracts', async () => {
  const files = contractFiles()
  for (const [file, text] of files) expect(await readFile(join(folder, file), 'utf8')).toBe(text)
  const schemas = (await readdir(join(folder, 'schemas'), { recursive: true })).filter((file) =>
    file.endsWith('.json'),
  )
  expect(schemas.map((file) => `schemas/${file}`).sort()).toEqual(
    [...files.keys()].filter((file) => file.startsWith('schemas/')).sort(),
  )
})

test('nothing breaks a reader of the last release', async () => {
  const released = JSON.parse(await readFile(join(folder, RELEASED), 'utf8')) as ReturnType<typeof shapes>
  const now = shapes()
  for (const family of ['campaign', 'session', 'live'] as const)
    expect(breakingChanges(released[family], now[family])).toEqual([])
})

test('every reference of AsyncAPI leads to a file', async () => {
  const text = await readFile(join(folder, 'asyncapi.json'), 'utf8')
  const files = [...text.matchAll(/"\$ref": "\.\/([^"]+)"/g)].map(([, file]) => file ?? '')
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => !contractFiles().has(file))).toEqual([])
})

test('no event tells a key, a text or a number', () => {
  const { campaign, session } = shapes()
  const fields = (schema: JsonSchema): readonly string[] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, each]) => [name, ...fields(each)]),
    ...(schema.items === undefined ? [] : fields(schema.items)),
  ]
  const all = [...Object.values(campaign), ...Object.values(session)].flatMap(fields)
  for (const secret of ['runKey', 'key', 'message', 'phone', 'toSeq']) expect(all).not.toContain(secret)
})

describe('a change', () => {
  const object = (properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
    type: 'object',
    properties,
    required,
  })
  const before = {
    A: object({ at: { type: 'string' }, state: { type: 'string', enum: ['x', 'y'] } }, ['at']),
  }
  test.each<[string, Record<string, JsonSchema>, string[]]>([
    [
      'another field',
      { A: object({ ...before.A.properties, more: { type: 'number' } }, ['at', 'more']) },
      [],
    ],
    [
      'another value',
      { A: object({ ...before.A.properties, state: { type: 'string', enum: ['x', 'y', 'z'] } }, ['at']) },
      [],
    ],
    ['another type of message', { ...before, B: object({}) }, []],
    ['a message that is gone', {}, ['A is gone']],
    ['a field that is gone', { A: object({ at: { type: 'string' } }, ['at']) }, ['A.state is gone']],
    [
      'another type',
      { A: object({ ...before.A.properties, at: { type: 'number' } }, ['at']) },
      ['A.at is another type'],
    ],
    ['a field that may be absent', { A: object({ ...before.A.properties }) }, ['A.at may be absent now']],
    [
      'a value that is gone',
      { A: object({ ...before.A.properties, state: { type: 'string', enum: ['x'] } }, ['at']) },
      ['A.state is never y any more'],
    ],
  ])('%s', (_what, after, changes) => {
    expect(breakingChanges(before, after)).toEqual(changes)
  })
})
