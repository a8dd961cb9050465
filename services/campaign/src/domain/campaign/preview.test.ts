import { describe, expect, test } from '@jest/globals'
import { phoneSchema, type Recipient } from '@peyk/contracts'

import { previewOf, textFault } from './preview.ts'

const ali: Recipient = {
  phone: phoneSchema.parse('989123456789'),
  spelling: '09123456789',
  variables: { name: 'علی {{city}}' },
}

test('a preview is the text as it will be sent; values expand once', () =>
  expect(previewOf('سلام {نام} از {{city|یزد}}', ali, 3)).toEqual({
    position: 3,
    phone: '09123456789',
    name: 'علی {{city}}',
    text: 'سلام علی {{city}} از یزد',
    characters: 24,
    missing: null,
  }))

test('a preview names the value that is missing', () =>
  expect(previewOf('{{city}}', ali, 1)).toMatchObject({ text: null, characters: 0, missing: 'city' }))

describe('a text', () => {
  test('without a value that it needs is at fault', () =>
    expect(textFault('{{city}}', ali)).toMatchObject({ code: 'missing_variable' }))
  test('of 4,096 characters is fine, as people count them', () =>
    expect(textFault('😀'.repeat(4_096), ali)).toBeUndefined())
  test('of 4,097 is too long', () =>
    expect(textFault('😀'.repeat(4_097), ali)).toMatchObject({ code: 'message_too_long' }))
})
