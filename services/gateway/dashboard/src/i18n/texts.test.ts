// [done 6] the same keys in both languages, and nothing of one in the other.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'
import { problems } from '@peyk/contracts'

import { keyOf, texts, translator } from './translate.ts'

const placeholders = (text: string) => (text.match(/(?<!\{)\{\w+\}(?!\})/g) ?? []).sort()

describe('texts', () => {
  test('both languages have the same keys', () =>
    expect(Object.keys(texts.en).sort()).toEqual(Object.keys(texts.fa).sort()))
  test('a text has the same values in both', () => {
    for (const [key, text] of Object.entries(texts.fa))
      expect([key, placeholders(texts.en[key as keyof typeof texts.en])]).toEqual([key, placeholders(text)])
  })
  test('no English in Persian texts, no Persian in English ones', () => {
    const shared = /csv|json|xlsx|QR|\{+\w+\}+/g
    for (const [key, text] of Object.entries(texts.fa)) {
      if (key === 'app.language') continue
      expect([key, text.replace(shared, '')]).toEqual([key, expect.not.stringMatching(/[A-Za-z]/)])
      expect([key, texts.en[key as keyof typeof texts.en]]).toEqual([
        key,
        expect.not.stringMatching(/[\u0600-\u06ff]/),
      ])
    }
  })
  test('values take their places; what is unknown stays', () =>
    expect(translator('en')('list.count', { sent: '5' })).toBe('5 of {total}'))
  test('a word that this build does not know has its fallback', () =>
    expect(keyOf('problem', 'brand_new', 'problem.other')).toBe('problem.other'))
  test('each problem that a user can meet has words of its own', () => {
    const ofTheProgramOnly = [
      'forbidden_origin',
      'idempotency_key_reused',
      'invalid_json',
      'method_not_allowed',
      'not_acceptable',
    ]
    const unnamed = Object.keys(problems).filter(
      (code) => keyOf('problem', code, 'problem.other') === 'problem.other',
    )
    expect(unnamed.sort()).toEqual(ofTheProgramOnly)
  })
})

test('dates, numbers and phones become text in one module; no part knows left and right', async () => {
  const folder = join(import.meta.dirname, '..')
  const files = (await readdir(folder, { recursive: true })).filter((name) => /(?<!\.test)\.tsx?$/.test(name))
  expect(files.length).toBeGreaterThan(40)
  for (const name of files) {
    const source = await readFile(join(folder, name), 'utf8')
    const isTheModule = name === 'format.ts' || name === join('calendar', 'calendar.ts')
    const own = isTheModule ? null : source.match(/\bIntl\.|\.toLocale\w+\(|\.toFixed\(/g)
    expect([name, own, source.match(/style=\{\{[^}]*\b(?:left|right|width|height)\b/gi)]).toEqual([
      name,
      null,
      null,
    ])
  }
})

test('styles know start and end, not left and right', async () => {
  const folder = join(import.meta.dirname, '../styles')
  for (const name of await readdir(folder)) {
    const rules = (await readFile(join(folder, name), 'utf8')).replace(/\/\*[\s\S]*?\*\//g, '')
    expect([
      name,
      rules.match(/\b(left|right)\b|(?:margin|padding|border)-(?:top|bottom)|(?<![-(])\b(?:width|height):/g),
    ]).toEqual([name, null])
  }
})
