import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { createLogger } from './logger.ts'
import { redact, redactText } from './redact.ts'

describe('[A10] texts', () => {
  test.each([
    ['Failed to send message to +989123456789: timeout', 'Failed to send message to [number]: timeout'],
    ['989123456789@s.whatsapp.net', '[number]@s.whatsapp.net'],
    ['to 0912 345 6789 and ۰۹۱۲۳۴۵۶۷۸۹', 'to [number] and [number]'],
    ['(+98) 912-345-6789', '([number]'],
    ['tel09123456789x', 'tel[number]x'],
    ['Authorization: Bearer abcdefghijklmnop', 'Authorization: [token]'],
    [
      'GET /ws/campaigns?campaignId=1&token=abc.def&userId=1',
      'GET /ws/campaigns?campaignId=1&token=[hidden]&userId=1',
    ],
    ['esdb://admin:changeit@localhost:2113', 'esdb://admin:[hidden]@localhost:2113'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', '[token]'],
  ])('%s', (text, expected) => expect(redactText(text)).toBe(expected))

  test.each([
    '0af7651916cd43dd8448eb211c80319c',
    '123e4567-e89b-42d3-a456-426614174000',
    '3EB0123456789012345678',
    'wa_01234567890123456789',
    '2026-11-22T23:44:47.123Z',
    'connect ECONNREFUSED 127.0.0.1:52113',
    '192.168.100.200',
    'campaign-42 revision 12345678',
  ])('%s names no person and stays', (text) => expect(redactText(text)).toBe(text))

  test('no number survives, whatever stands around it', () => {
    const number = fc.stringMatching(/^\+?[1-9][0-9]{8,14}$/)
    const noise = fc.stringMatching(/^[^0-9]{0,12}$/)
    fc.assert(
      fc.property(noise, number, noise, (before, digits, after) => {
        expect(redactText(`${before} ${digits} ${after}`)).not.toContain(digits.replace('+', ''))
      }),
    )
  })
})

describe('[A10] fields', () => {
  test('secret keys are hidden at any depth; amounts and ids stay', () => {
    expect(
      redact({
        token: 'x',
        headers: { Authorization: 'y', cookie: 'z', host: 'localhost' },
        list: [{ phone: 989123456789, qrCode: 'data:...', pairingCode: 'ABCD' }],
        tokenId: 'af12',
        sizeBytes: 10_737_418_240,
        expiresAt: 1_795_000_000_000,
        position: 989123456789,
        hasToken: true,
      }),
    ).toEqual({
      token: '[hidden]',
      headers: { Authorization: '[hidden]', cookie: '[hidden]', host: 'localhost' },
      list: [{ phone: '[hidden]', qrCode: '[hidden]', pairingCode: '[hidden]' }],
      tokenId: 'af12',
      sizeBytes: 10_737_418_240,
      expiresAt: 1_795_000_000_000,
      position: '[number]',
      hasToken: true,
    })
  })

  test('an error is written with its causes, redacted, and circles end', () => {
    const circle: { error?: Error } = {}
    circle.error = Object.assign(
      new Error('no answer from 989123456789', { cause: new TypeError('09123456789') }),
      {
        phone: '1',
        circle,
      },
    )
    const written = JSON.stringify(redact(circle))
    expect(written).not.toMatch(/\d{9}/)
    expect(written).toContain('"type":"TypeError"')
  })
})

describe('the log', () => {
  const lines: string[] = []
  const log = createLogger({
    name: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  })
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>

  test('writes events as JSON with the fields of its parents', () => {
    log.child({ correlationId: 'c-1' }).info({ count: 2 }, 'things_done')
    expect(last()).toMatchObject({
      level: 'info',
      service: 'test',
      correlationId: 'c-1',
      count: 2,
      msg: 'things_done',
    })
  })

  test('[A10] redacts event, fields and errors', () => {
    log.error(new Error('989123456789'), 'failed for 989123456789')
    log.error({ error: new Error('989123456789'), to: '+98 912 345 6789' }, 'failed')
    log.child({ phone: '989123456789', note: '989123456789' }).warn({}, 'child')
    expect(lines.slice(-3).join('')).not.toMatch(/912/)
    expect(lines.at(-2)).toContain('"stack"')
  })

  test('keeps to its level', () => {
    const before = lines.length
    log.debug({}, 'detail')
    expect(lines).toHaveLength(before)
  })
})
