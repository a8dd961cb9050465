import { describe, expect, test } from '@jest/globals'

import { checkLocalDoor } from './local-door.ts'

const check = (headers: Record<string, string>) => checkLocalDoor(headers, [3000])

describe('the door of local mode', () => {
  test.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST:3000'])('Host %s passes', (host) =>
    expect(check({ host })).toBeUndefined(),
  )

  test.each([
    'evil.example:3000',
    'localhost.evil.example:3000',
    'localhost:3001',
    'localhost',
    '127.0.0.1.nip.io:3000',
    '0.0.0.0:3000',
    '[::2]:3000',
    'localhost:3000:3000',
    'localhost:3000@evil',
    '',
  ])('Host %p is refused (rebinding)', (host) => expect(check({ host })).toBe('bad_host'))

  test('no Host at all is refused', () => expect(checkLocalDoor({}, [3000])).toBe('bad_host'))

  test.each(['http://localhost:3000', 'http://127.0.0.1:5173', 'http://[::1]:3000', 'https://localhost'])(
    'Origin %s passes',
    (origin) => expect(check({ host: 'localhost:3000', origin })).toBeUndefined(),
  )

  test.each([
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'file://',
    'chrome-extension://abc',
    'x',
  ])('Origin %s is refused', (origin) => expect(check({ host: 'localhost:3000', origin })).toBe('bad_origin'))

  test('a cross-site request is refused, same-site and same-origin pass', () => {
    const from = (site: string) => check({ host: 'localhost:3000', 'sec-fetch-site': site })
    expect(from('cross-site')).toBe('cross_site')
    expect([from('same-origin'), from('same-site'), from('none')]).toEqual([undefined, undefined, undefined])
  })

  test.each(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded'])(
    '%s is refused',
    (name) => expect(check({ host: 'localhost:3000', [name]: 'x' })).toBe('forwarded'),
  )
})
