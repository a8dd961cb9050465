import { readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'

import { feedInstant, liveMessageSchema, liveMessageTypes } from './live-messages.ts'

/** The JSON samples of the owner's contract, word for word. */
const samples = JSON.parse(readFileSync(new URL('seed-messages.json', import.meta.url), 'utf8')) as {
  type: string
  data: object
}[]

describe('the six messages of the live feed', () => {
  test('there is a sample of each type', () => {
    expect(samples.map(({ type }) => type).sort()).toEqual([...liveMessageTypes].sort())
  })

  test.each(samples.map((sample) => [sample.type, sample] as const))(
    'the sample of %s parses unchanged',
    (_type, sample) => {
      expect(liveMessageSchema.parse(sample)).toEqual(sample)
    },
  )

  test.each(samples.map((sample) => [sample.type, sample] as const))(
    '%s has no other keys',
    (_type, sample) => {
      expect(liveMessageSchema.safeParse({ ...sample, extra: 1 }).success).toBe(false)
      expect(liveMessageSchema.safeParse({ ...sample, data: { ...sample.data, extra: 1 } }).success).toBe(
        false,
      )
    },
  )

  test('a timestamp is in whole seconds with Z', () => {
    expect(feedInstant(new Date('2024-01-01T10:15:00.999Z'))).toBe('2024-01-01T10:15:00Z')
  })
})
