import { describe, expect, test } from '@jest/globals'

import { DELETED_REVISION } from '../store/types.ts'
import type { RecordedEvent } from '../store/types.ts'
import { encodeEvent } from './event-encoding.ts'
import { streams } from './protocol.ts'

const ID = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'

const EVENT: RecordedEvent = {
  position: 7,
  stream: 'campaign-1',
  revision: 0,
  created: 1_700_000_000_000,
  id: ID,
  type: 'CampaignStarted',
  isJson: true,
  data: Buffer.from('{"n":1}'),
  metadata: new Uint8Array(),
}

/** What the protocol's own code reads in it. */
function decoded(event: RecordedEvent, form: 'text' | 'structured' = 'text') {
  const message = streams.ReadResp.deserializeBinary(encodeEvent(event, form)).getEvent()
  const recorded = message?.getEvent()
  return { message: message!, recorded: recorded!, id: recorded!.getId()! }
}

describe('an event on the wire', () => {
  test('has all its fields', () => {
    const { message, recorded, id } = decoded(EVENT)
    expect(message.getCommitPosition()).toBe('7')
    expect(id.getString()).toBe(ID)
    expect(Buffer.from(recorded.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe('campaign-1')
    expect([
      recorded.getStreamRevision(),
      recorded.getPreparePosition(),
      recorded.getCommitPosition(),
    ]).toEqual(['0', '7', '7'])
    expect(Object.fromEntries(recorded.getMetadataMap().toObject())).toEqual({
      type: 'CampaignStarted',
      'content-type': 'application/json',
      created: '17000000000000000',
    })
    expect(Buffer.from(recorded.getData_asU8())).toEqual(EVENT.data)
    expect(recorded.getCustomMetadata_asU8()).toHaveLength(0)
  })

  test('that is not JSON says so', () => {
    const { recorded } = decoded({ ...EVENT, isJson: false })
    expect(recorded.getMetadataMap().get('content-type')).toBe('application/octet-stream')
  })

  test('may have its id as two numbers', () => {
    const structured = decoded(EVENT, 'structured').id.getStructured()!
    const hex = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')
    expect(hex(structured.getMostSignificantBits()) + hex(structured.getLeastSignificantBits())).toBe(
      ID.replaceAll('-', ''),
    )
  })

  test.each([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1])(
    'keeps its numbers: %d',
    (number) => {
      const { message, recorded } = decoded({ ...EVENT, position: number, revision: number })
      expect([message.getCommitPosition(), recorded.getStreamRevision()]).toEqual([
        String(number),
        String(number),
      ])
    },
  )

  test('that ends a tombstoned stream has the largest revision there is', () => {
    expect(decoded({ ...EVENT, revision: DELETED_REVISION }).recorded.getStreamRevision()).toBe(
      '9223372036854775807',
    )
  })

  test.each([0, 127, 128, 16_384, 1_000_000])('keeps its bytes: %d of them', (size) => {
    const { recorded } = decoded({
      ...EVENT,
      data: Buffer.alloc(size, 'd'),
      metadata: Buffer.alloc(size, 'm'),
    })
    expect(Buffer.from(recorded.getData_asU8()).equals(Buffer.alloc(size, 'd'))).toBe(true)
    expect(Buffer.from(recorded.getCustomMetadata_asU8()).equals(Buffer.alloc(size, 'm'))).toBe(true)
  })

  test('keeps text of every script, also a long one', () => {
    const stream = 'کارزار-🎈-'.repeat(2_000)
    const { recorded } = decoded({ ...EVENT, stream, type: 'پیام' })
    expect(Buffer.from(recorded.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(stream)
    expect(recorded.getMetadataMap().get('type')).toBe('پیام')
  })
})
