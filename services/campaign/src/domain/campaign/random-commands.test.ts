import { test } from '@jest/globals'

import { checkRandomCommands } from './campaign.contract.ts'

test('no sequence of commands reaches an illegal state', () => {
  checkRandomCommands({ sequences: 100, length: 60 })
})
