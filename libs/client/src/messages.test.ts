import { describe, expect, test } from '@jest/globals'
import { type LiveData, type LiveMessageType, liveMessageTypes } from '@peyk/contracts'

import { type CampaignMessages, isKnownType, parseMessage } from './messages.ts'

/** Compiles only if what the server may send is what the client says it sends. */
type Contract = { readonly [Type in LiveMessageType]: LiveData<Type> }
const fromContract = (message: Contract): CampaignMessages => message

describe('messages', () => {
  test('the types are those of the contract', () => {
    expect(liveMessageTypes.every(isKnownType)).toBe(true)
    expect(isKnownType('hello')).toBe(false)
    expect(fromContract).toBeInstanceOf(Function)
  })
  test('the envelope is parsed', () => {
    const message = { type: 'error_update', campaignId: 7, data: { error: 'x' } }
    expect(parseMessage(JSON.stringify(message))).toEqual(message)
  })
  test.each(['', '{', 'null', '1', '[]', '{}', '{"type":1,"campaignId":1}', '{"type":"a"}'])(
    'not a message: %p',
    (text) => expect(parseMessage(text)).toBeUndefined(),
  )
})
