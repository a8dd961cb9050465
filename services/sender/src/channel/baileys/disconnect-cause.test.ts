import { describe, expect, test } from '@jest/globals'

import { closedBy, refusalCode } from './disconnect-cause.ts'

/** An error as Baileys makes them. */
function boom(message: string, statusCode: number, data?: unknown): Error {
  return Object.assign(new Error(message), { output: { statusCode }, data })
}

describe('the cause of a disconnect', () => {
  test.each([
    [515, 'restart_required'],
    [428, 'connection_lost'],
    [408, 'connection_lost'],
    [503, 'connection_lost'],
    [500, 'connection_lost'],
    [440, 'replaced'],
    [401, 'logged_out'],
    [403, 'banned'],
    [402, 'banned'],
    [406, 'banned'],
    [405, 'outdated'],
    [429, 'rate_limited'],
    [599, 'connection_lost'],
  ] as const)('%i is %s', (code, cause) => {
    expect(closedBy(boom('Connection Failure', code))).toEqual({ type: 'closed', cause, code })
  })

  test('a QR that nobody scanned is not a lost connection', () => {
    expect(closedBy(boom('QR refs attempts ended', 408))).toEqual({ type: 'closed', cause: 'qr_expired' })
  })

  test('a certificate that does not verify is not a lost connection', () => {
    expect(closedBy(boom('noise certificate signature invalid', 400)).cause).toBe('untrusted_server')
  })

  test("a phone's answer that does not verify is a refusal", () => {
    expect(closedBy(boom('Invalid account signature', 500)).cause).toBe('pairing_refused')
  })

  test('a temporary ban tells its end', () => {
    const { cause, until } = closedBy(boom('Connection Failure', 402, { reason: '402', expire: '3600' }))
    expect(cause).toBe('banned')
    expect(Math.abs((until?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(5000)
  })

  test('no error, and one that is not of Baileys', () => {
    expect(closedBy(undefined)).toEqual({ type: 'closed', cause: 'connection_lost' })
    expect(closedBy(new Error('?'))).toEqual({ type: 'closed', cause: 'connection_lost' })
  })

  test('the number of a refused query', () => {
    expect(refusalCode(boom('rate-overlimit', 500, 429))).toBe(429)
    expect(refusalCode(boom('Timed Out', 408, { stack: '' }))).toBeUndefined()
    expect(refusalCode('?')).toBeUndefined()
  })
})
