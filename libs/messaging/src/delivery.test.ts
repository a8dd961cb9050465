import { expect, test } from '@jest/globals'

import { readDelivery } from './delivery.ts'

test('reads the position of a delivered message, as old servers and servers with domains write it', () => {
  const expected = {
    stream: 'LIVE',
    deliveryCount: 2,
    sequence: 41,
    deliverySequence: 7,
    storedAtMs: 1_700_000_000_123,
    pending: 3,
  }
  expect(readDelivery('$JS.ACK.LIVE.c1.2.41.7.1700000000123456789.3')).toEqual(expected)
  expect(readDelivery('$JS.ACK.hub.hash.LIVE.c1.2.41.7.1700000000123456789.3.random')).toEqual(expected)
  expect(readDelivery('$JS.ACK.hub.hash.LIVE.c1.2.41.7.1700000000123456789.3')).toEqual(expected)
})

test.each([undefined, '', '_INBOX.abc', '$JS.ACK.LIVE.c1.2'])('%j is no delivery', (reply) => {
  expect(readDelivery(reply)).toBeUndefined()
})
