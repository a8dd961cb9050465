import { expect, test } from '@jest/globals'
import { MAX_CHUNK_BYTES, phoneSchema, type Recipient, RECIPIENTS_PER_CHUNK } from '@peyk/contracts'

import { createChunker } from './chunks.ts'

const recipient = (index: number, text = 'علی'): Recipient => ({
  phone: phoneSchema.parse(String(989_120_000_000 + index)),
  spelling: '0',
  variables: { name: text },
})

const chunksOf = (recipients: readonly Recipient[]) => {
  const chunker = createChunker()
  const full = recipients.map(chunker.add).filter((chunk) => chunk !== undefined)
  return [...full, chunker.rest()]
}

test('a chunk has at most 1,000 recipients', () => {
  const sizes = chunksOf(Array.from({ length: 2_500 }, (_, index) => recipient(index)))
  expect(sizes.map(({ length }) => length)).toEqual([RECIPIENTS_PER_CHUNK, RECIPIENTS_PER_CHUNK, 500])
})

test('a chunk has at most 512 KiB, in the order of the list', () => {
  const all = Array.from({ length: 300 }, (_, index) => recipient(index, 'آ'.repeat(2_000)))
  const chunks = chunksOf(all)
  expect(chunks.length).toBeGreaterThan(2)
  for (const chunk of chunks)
    expect(Buffer.byteLength(JSON.stringify({ recipients: chunk }))).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
  expect(chunks.flat()).toEqual(all)
})
