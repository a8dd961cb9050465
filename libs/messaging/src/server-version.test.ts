import { expect, test } from '@jest/globals'

import { isAtLeast } from './server-version.ts'

test.each([
  ['2.10.5', true],
  ['2.10.29', true],
  ['2.11.0-RC.1', true],
  ['3.0.0', true],
  ['nats-server: v2.10.5', true],
  ['2.10.4', false],
  ['2.9.25', false],
  ['1.99.99', false],
  ['unknown', false],
])('%s is at least 2.10.5: %s', (version, expected) => {
  expect(isAtLeast(version, [2, 10, 5])).toBe(expected)
})
