// What recipients will really get.
import {
  characterCount,
  MAX_MESSAGE_CHARACTERS,
  type Preview,
  type Recipient,
  renderMessage,
} from '@peyk/contracts'

export const previewOf = (message: string, recipient: Recipient, position: number): Preview => {
  const rendered = renderMessage(message, recipient.variables)
  const text = rendered.outcome === 'rendered' ? rendered.text : null
  return {
    position,
    phone: recipient.spelling,
    name: recipient.variables['name'] ?? null,
    text,
    characters: text === null ? 0 : characterCount(text),
    missing: rendered.outcome === 'missing' ? rendered.variable : null,
  }
}

export interface TextFault {
  readonly code: 'missing_variable' | 'message_too_long'
  readonly detail: string
}

/** Why a recipient cannot be sent to; undefined when the text is fine. */
export const textFault = (
  message: string,
  { variables }: Pick<Recipient, 'variables'>,
): TextFault | undefined => {
  const rendered = renderMessage(message, variables)
  if (rendered.outcome === 'missing')
    return { code: 'missing_variable', detail: `the value of ${rendered.variable} is missing` }
  const characters = rendered.text.length > MAX_MESSAGE_CHARACTERS ? characterCount(rendered.text) : 0
  return characters > MAX_MESSAGE_CHARACTERS
    ? {
        code: 'message_too_long',
        detail: `the text has ${characters} characters, ${MAX_MESSAGE_CHARACTERS} are allowed`,
      }
    : undefined
}
