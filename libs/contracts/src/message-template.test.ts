import { describe, expect, test } from '@jest/globals'

import {
  characterCount,
  normaliseVariableName,
  renderMessage,
  requiredVariables,
} from './message-template.ts'

describe('message template', () => {
  test.each([
    ['سلام {{name}}!', { name: 'زهرا' }, 'سلام زهرا!'],
    ['سلام {نام}!', { name: 'زهرا' }, 'سلام زهرا!'],
    ['{{ Name }}', { name: 'Ann' }, 'Ann'],
    ['{{name|دوست عزیز}}', {}, 'دوست عزیز'],
    ['{{name|}}', {}, ''],
    ['{{كد}}', { [normaliseVariableName('کد')]: '12' }, '12'],
    ['no variables { } {1} {{}}', {}, 'no variables { } {1} {{}}'],
  ])('%j renders', (template, variables: Record<string, string>, text) => {
    expect(renderMessage(template, variables)).toEqual({ outcome: 'rendered', text })
  })

  test('a value expands once: braces inside it stay text', () => {
    expect(renderMessage('{{name}}', { name: '{{phone}}', phone: '1' })).toEqual({
      outcome: 'rendered',
      text: '{{phone}}',
    })
  })
  test.each([{}, { name: '' }])('a missing or empty value without default is named', (variables) => {
    expect(renderMessage('Hi {{name}}', variables)).toEqual({ outcome: 'missing', variable: 'name' })
  })
  test('names of the object prototype are no values', () => {
    expect(renderMessage('{{constructor}}', {})).toEqual({ outcome: 'missing', variable: 'constructor' })
  })
  test('the required variables are those without a default', () => {
    expect(requiredVariables('{{name}} {{city|Tehran}} {نام} {{code}}')).toEqual(['name', 'code'])
  })
  test('characters are Unicode code points', () => {
    expect(characterCount('پیک🚚')).toBe(4)
  })
})
