import { expect, test } from '@jest/globals'

import { killUnderWriters } from './kill-under-writers.contract.ts'

test('a server killed under 32 writers, ten times, loses and doubles nothing', async () => {
  expect(await killUnderWriters({ rounds: 10, writers: 32, writeMs: 2_000 })).toBeGreaterThan(1_000)
}, 300_000)
