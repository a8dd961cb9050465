import { describe, expect, test } from '@jest/globals'

import { ClientVersion } from './client-version.ts'

describe('the client version', () => {
  test('is the given one, and nobody is asked, until it is outdated', async () => {
    let asked = 0
    const version = new ClientVersion([2, 3000, 1], () => {
      asked++
      return Promise.resolve([2, 3000, 2])
    })
    expect(await version.current()).toEqual([2, 3000, 1])
    expect(asked).toBe(0)
    version.markOutdated()
    expect(await version.current()).toEqual([2, 3000, 2])
    expect(await version.current()).toEqual([2, 3000, 2])
    expect(asked).toBe(1)
  })

  test('stays when no newer one can be found; the next refusal asks again', async () => {
    const answers: ([number, number, number] | undefined)[] = [undefined, [2, 3000, 9]]
    const version = new ClientVersion(undefined, () => Promise.resolve(answers.shift()))
    version.markOutdated()
    expect(await version.current()).toBeUndefined()
    expect(await version.current()).toBeUndefined()
    version.markOutdated()
    expect(await version.current()).toEqual([2, 3000, 9])
  })
})
