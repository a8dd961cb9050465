import { test } from '@jest/globals'

import { checkRandomCommands } from './campaign.contract.ts'

test('no long sequence of commands reaches an illegal state', () => {
  checkRandomCommands({ sequences: 5, length: 10_000 })
  checkRandomCommands({ sequences: 1_000, length: 100 })
}, 120_000)
