import { existsSync } from 'node:fs'
import { createServer } from 'node:net'

import { describe, expect, test } from '@jest/globals'

import { eventually } from './eventually.ts'
import { fakeClock } from './fake-clock.ts'
import { fakeIds } from './fake-ids.ts'
import { freePort } from './free-port.ts'
import { watchLeaks } from './leak-check.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('eventually', () => {
  test('returns the first truthy value, also after errors', async () => {
    let count = 0
    const value = await eventually(() => {
      count += 1
      if (count === 1) throw new Error('not yet')
      return count > 2 ? `at ${count}` : undefined
    })
    expect(value).toBe('at 3')
  })

  test('tells what it waited for, and why it was not there', async () => {
    const waiting = eventually(() => Promise.reject(new Error('no answer')), {
      deadlineMs: 5,
      what: 'the server',
    })
    await expect(waiting).rejects.toThrow('waited 5 ms for the server: no answer')
  })
})

test('a fake clock moves only when told', () => {
  const clock = fakeClock('2024-05-01T00:00:00.000Z')
  clock.advance(1_500)
  expect(clock.now().toISOString()).toBe('2024-05-01T00:00:01.500Z')
})

test('fake ids are the same in each run, and differ by seed', () => {
  const [first, other] = [fakeIds(), fakeIds(2)]
  expect([first(), first(), other()]).toEqual([
    '00000001-0000-4000-8000-000000000001',
    '00000001-0000-4000-8000-000000000002',
    '00000002-0000-4000-8000-000000000001',
  ])
})

test('a temporary folder is gone at the end', async () => {
  const folder = await temporaryFolder()
  expect(existsSync(folder.path)).toBe(true)
  await folder.remove()
  expect(existsSync(folder.path)).toBe(false)
})

test('a leak is told by its kind until it is closed', async () => {
  const leaks = watchLeaks()
  const server = createServer().listen(await freePort(), '127.0.0.1')
  await expect(leaks.expectNone({ deadlineMs: 1 })).rejects.toThrow('TCPServerWrap: 1')
  server.close()
  await leaks.expectNone()
})
