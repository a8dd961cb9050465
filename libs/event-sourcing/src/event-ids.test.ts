import { describe, expect, test } from '@jest/globals'

import { eventIdOf, uuidV5 } from './event-ids.ts'

describe('ids that follow from a name', () => {
  test('are UUIDs of version 5, the same each time', () => {
    expect(uuidV5('peyk')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuidV5('peyk')).toBe(uuidV5('peyk'))
  })

  test('never change from one release to the next', () => {
    expect(uuidV5('peyk')).toMatchInlineSnapshot(`"ba4412a1-c10f-5e41-b0ff-a503a8d27235"`)
    expect(eventIdOf('campaign-1', '00000001-0000-4000-8000-000000000001', 0)).toMatchInlineSnapshot(
      `"508bda59-8709-5f54-bfcb-eb584a59ce76"`,
    )
  })

  test('differ by stream, command and index', () => {
    const ids = [
      eventIdOf('a', 'c', 0),
      eventIdOf('b', 'c', 0),
      eventIdOf('a', 'd', 0),
      eventIdOf('a', 'c', 1),
    ]
    expect(new Set(ids).size).toBe(4)
  })
})
