import { expect, test } from '@jest/globals'

import { RecentIds } from './recent-ids.ts'

const place = (position: number) => ({ stream: 'a', revision: position, position })

test('remembers the newest ids, and in the end forgets the others', () => {
  const recent = new RecentIds(10)
  for (let n = 1; n <= 100; n += 1) recent.add(`id-${n}`, place(n))
  for (let n = 91; n <= 100; n += 1) expect(recent.get(`id-${n}`)).toEqual(place(n))
  for (let n = 1; n <= 80; n += 1) expect(recent.get(`id-${n}`)).toBeUndefined()
})

test('forgets what it is told to forget', () => {
  const recent = new RecentIds(2)
  for (let n = 1; n <= 3; n += 1) recent.add(`id-${n}`, place(n))
  recent.forget(['id-1', 'id-3'])
  expect([1, 2, 3].map((n) => recent.get(`id-${n}`)?.position)).toEqual([undefined, 2, undefined])
})
