import { expect, test } from '@jest/globals'

import { killUnderWriters } from './kill-under-writers.contract.ts'

test('a server killed under 8 writers, twice, loses and doubles nothing', async () => {
  expect(await killUnderWriters({ rounds: 2, writers: 8, writeMs: 400 })).toBeGreaterThan(16)
}, 60_000)
