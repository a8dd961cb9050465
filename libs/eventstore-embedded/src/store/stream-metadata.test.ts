import { describe, expect, test } from '@jest/globals'

import { parseMetadata, withTruncateBefore } from './stream-metadata.ts'
import { DELETED_REVISION } from './types.ts'

const parse = (text: string) => parseMetadata(Buffer.from(text))
const rewrite = (text: string, revision: number) =>
  Buffer.from(withTruncateBefore(Buffer.from(text), revision)).toString()

describe('the metadata of a stream', () => {
  test('is read as far as the server obeys it', () => {
    expect(parse('{"$maxCount":3,"$maxAge":60,"$tb":5,"$acl":{},"own":1}')).toEqual({
      maxCount: 3,
      maxAgeSeconds: 60,
      truncateBefore: 5,
    })
  })

  test.each([
    '',
    'x',
    '[]',
    'null',
    '{"$maxCount":"3","$maxAge":-1,"$tb":1.5}',
    '{"$maxCount":0,"$maxAge":0}',
  ])('that makes no sense is ignored: %s', (text) => {
    expect(parse(text)).toEqual({})
  })

  test('of a deleted stream says so in a number that JavaScript does not have', () => {
    const deleted = rewrite('{}', DELETED_REVISION)
    expect(deleted).toBe('{"$tb":9223372036854775807}')
    expect(parse(deleted)).toEqual({ truncateBefore: DELETED_REVISION })
  })

  test('keeps the rest when the stream comes back', () => {
    expect(rewrite('{"$tb":9223372036854775807,"$maxCount":3,"own":"ü"}', 7)).toBe(
      '{"$tb":7,"$maxCount":3,"own":"ü"}',
    )
    expect(rewrite('not JSON', 7)).toBe('{"$tb":7}')
  })
})
