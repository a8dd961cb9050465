// Every fault of the control door has a test through real Baileys.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

import { actionSchema, faultSchema } from './faults.ts'

const SOURCE = import.meta.dirname
/** What those tests have in common: the client that wraps real Baileys. */
const THROUGH_BAILEYS = "from './testing/client.ts'"

const tests = readdirSync(SOURCE)
  .filter((file) => file.endsWith('.int.test.ts'))
  .map((file) => readFileSync(join(SOURCE, file), 'utf8'))
  .filter((text) => text.includes(THROUGH_BAILEYS))

const names = [...faultSchema.options, ...actionSchema.options].map(({ shape }) => shape.type.value)

test.each(names)('%s', (name) => {
  expect(tests.some((text) => text.includes(`fault({ type: '${name}'`))).toBe(true)
})
