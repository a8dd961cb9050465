import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripTypeScriptTypes } from 'node:module'
import { gzipSync } from 'node:zlib'

import { expect, test } from '@jest/globals'

test('the whole library is at most 6 kB, gzipped', () => {
  const sources = readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.test.ts'))
  const code = sources
    .map((name) => stripTypeScriptTypes(readFileSync(join(import.meta.dirname, name), 'utf8')))
    .join('\n')
  expect(gzipSync(code).byteLength).toBeLessThanOrEqual(6_000)
})
