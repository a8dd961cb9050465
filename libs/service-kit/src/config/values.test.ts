import { describe, expect, test } from '@jest/globals'

import { addressSchema, integerSchema, parseDuration, parseSize, switchSchema } from './values.ts'

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['0.05s', 50],
    ['0.01s', 10],
    ['250ms', 250],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s is %d ms', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))

  test.each(['', '30', 's', '-1s', '1 s', '1e3s', '.5s', '1S', '1y', '5sec', 'Infinitys'])(
    '%p is none',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  )
})

describe('sizes', () => {
  test.each([
    ['512', 512],
    ['64KiB', 65_536],
    ['20MB', 20_000_000],
    ['1.5GiB', 1_610_612_736],
    ['10 B', 10],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  test.each(['', '-1', '1kb', 'MB', '1 TB', '0x10'])('%p is none', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  )
})

test('a whole number keeps to its range', () => {
  const schema = integerSchema({ min: 1, max: 10 })
  expect(schema.parse('10')).toBe(10)
  for (const text of ['0', '11', '1.5', '1e1', ' 1', '', '٣'])
    expect(schema.safeParse(text).success).toBe(false)
})

test('each of several addresses needs one of the schemes', () => {
  const schema = addressSchema('nats', 'tls')
  expect(schema.safeParse('nats://a:4222,tls://b:4222').success).toBe(true)
  expect(schema.safeParse('nats://a:4222,http://b').success).toBe(false)
})

test('a switch is on or off', () => {
  expect(['on', 'true', '1', 'off', 'false', '0'].map((word) => switchSchema.parse(word))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  expect(switchSchema.safeParse('yes').success).toBe(false)
})
