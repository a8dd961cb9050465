import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'

import { BadSettings, describeSettings, readSettings } from './read-settings.ts'
import {
  durationSetting,
  eventStoreSettings,
  integerSetting,
  natsSettings,
  secretSetting,
  setting,
} from './settings.ts'

const schema = z.object({
  ...natsSettings,
  ...eventStoreSettings,
  INTERVAL: durationSetting('How often.', '30s'),
  ROWS: integerSetting('How many.', 100, { min: 1, max: 1_000 }),
  SECRET: secretSetting('A secret.', z.string().min(8)),
  NOTE: setting('Anything.', z.string().optional()),
})
const good = {
  NATS_URL: 'nats://127.0.0.1:4222',
  EVENTSTORE_URL: 'esdb://admin:changeit@es:2113',
  SECRET: 'open-sesame',
}

const faultsOf = (environment: Record<string, string>) => {
  try {
    readSettings(schema, environment)
  } catch (error) {
    if (error instanceof BadSettings) return error.faults
    throw error
  }
  return []
}

describe('reading settings', () => {
  test('gives typed values and defaults, and ignores what is not its own', () => {
    expect(readSettings(schema, { ...good, INTERVAL: '0.05s', PATH: '/bin' })).toEqual({
      ...good,
      INTERVAL: 50,
      ROWS: 100,
    })
  })

  test('names every bad key at once, with its sentence, and never a value', () => {
    const faults = faultsOf({ NATS_URL: 'http://x', SECRET: 'hunter2', INTERVAL: 'soon', ROWS: '0' })
    expect(faults.map(({ key }) => key).sort()).toEqual([
      'EVENTSTORE_URL',
      'INTERVAL',
      'NATS_URL',
      'ROWS',
      'SECRET',
    ])
    expect(faults.find(({ key }) => key === 'EVENTSTORE_URL')?.message).toBe(
      'is missing (EventStoreDB, as its connection string.)',
    )
    expect(faults.find(({ key }) => key === 'ROWS')?.message).toContain('from 1 to 1000')
    expect(JSON.stringify(faults)).not.toContain('hunter2')
  })

  test('an empty text counts as absent', () => {
    expect(readSettings(schema, { ...good, ROWS: '', NOTE: '' })).toMatchObject({ ROWS: 100 })
  })

  test('a key without a sentence is a bug', () => {
    expect(() => readSettings(z.object({ BARE: z.string() }), { BARE: 'x' })).toThrow(
      'settings without a sentence: BARE',
    )
  })
})

test('--print-config shows effective values and hides secrets and passwords in addresses', () => {
  const shown = describeSettings(schema, readSettings(schema, good))
  expect(shown['INTERVAL']).toEqual({ value: '30s', about: 'How often.' })
  expect(shown['SECRET']?.value).toBe('[hidden]')
  expect(shown['EVENTSTORE_URL']?.value).toBe('esdb://admin:[hidden]@es:2113')
  expect(shown['NOTE']?.value).toBeNull()
  expect(JSON.stringify(shown)).not.toMatch(/changeit|open-sesame/)
})
