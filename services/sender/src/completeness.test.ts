// Every rule of a send and every row of the table of disconnects has a test that drives real Baileys over the wire.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'

const SOURCE = import.meta.dirname
const read = (file: string): string => readFileSync(join(SOURCE, file), 'utf8')

/** What such a test begins with: the test server, or something that stands on it. */
const ON_THE_WIRE = /from '(@peyk\/whatsapp-testserver|[./a-z]*testing\/installation\.ts)'/

const wireTests = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(int|faults)\.test\.ts$/.test(file))
  .map(read)
  .filter((text) => ON_THE_WIRE.test(text))

const rules = [...read('dispatcher/SPEC.md').matchAll(/^- \*\*(L\d+a?)\./gm)].map(([, rule]) => rule)
const codes = [...read('channel/baileys/disconnect-cause.ts').matchAll(/^ {2}(\d{3}): '/gm)].map(([, c]) => c)

describe('over the wire', () => {
  test('rules and rows are found', () => {
    expect(rules).toEqual(['L1', 'L1a', 'L2', 'L3', 'L4', 'L5', 'L6', 'L7'])
    expect(codes).toHaveLength(12)
  })

  test.each(rules)('rule %s has a test', (rule) => {
    const title = `test\\((?:\`|')(?:\\[\\w+\\] )*\\[${rule}\\]`
    expect(wireTests.some((text) => new RegExp(title).test(text.replaceAll(/\(\s+/g, '(')))).toBe(true)
  })

  test.each(codes)('the disconnect %s has a test that says what a session does then', (code) => {
    const row = new RegExp(`^ +\\[${code}, '|test\\('${code}, `, 'm')
    expect(row.test(read('sessions/disconnect-table.int.test.ts'))).toBe(true)
  })
})
