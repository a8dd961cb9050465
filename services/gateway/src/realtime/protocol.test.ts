// PROTOCOL.md is the specification: each of its rules has a test that quotes it, and no test quotes another.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'

import { settings } from '../config.ts'

const SOURCES = join(import.meta.dirname, '..')
const numbersIn = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(([, number]) => `P${number}`))].toSorted()

const rules = numbersIn(
  readFileSync(join(import.meta.dirname, 'PROTOCOL.md'), 'utf8'),
  /^- \*\*P(\d+)\.\*\* /gm,
)
const quoted = numbersIn(
  readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(SOURCES, name), 'utf8'))
    .join('\n'),
  /^\s*(?:test|describe)?[\w.()]*\(?\s*['"`]\[P(\d+)\] /gm,
)

test('every rule is quoted by the title of a test, and only rules are', () => {
  expect(rules.length).toBeGreaterThan(20)
  expect(quoted).toEqual(rules)
})

describe('what the rules say by number is what the settings say by default', () => {
  test.each([
    ['P6', 'WS_HANDSHAKE_TIMEOUT', 5_000],
    ['P12', 'WS_PING_INTERVAL', 30_000],
    ['P15', 'WS_CONFLATE_ABOVE', 64 * 1024],
    ['P15', 'WS_CLOSE_ABOVE', 256 * 1024],
    ['P15', 'WS_MAX_LAG', 10_000],
    ['P16', 'WS_MAX_CONNECTIONS', 20_000],
    ['P16', 'WS_MAX_PER_ADDRESS', 500],
    ['P16', 'WS_MAX_PER_USER', 50],
    ['P16', 'WS_MAX_PER_CAMPAIGN', 10_000],
    ['P17', 'WS_DRAIN_SPREAD', 10_000],
  ] as const)('%s: %s is %i', (_, key, expected) => {
    expect(settings.shape[key].parse(undefined)).toBe(expected)
  })
})
