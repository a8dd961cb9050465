import { createHmac } from 'node:crypto'

import { type MessageId, messageIdSchema } from '@peyk/contracts'

/**
 * The WhatsApp message id of one send (whatsapp.md, L2): the same run, position and attempt always give the same id,
 * so that a send that is tried again is seen as the same by the intent, by WhatsApp and by the ledger.
 * `runKey` is 32 bytes in base64.
 */
export const messageIdOf = (runKey: string, position: number, attempt: number): MessageId => {
  const digest = createHmac('sha256', Buffer.from(runKey, 'base64'))
    .update(`${position}.${attempt}`)
    .digest('hex')
  return messageIdSchema.parse(`3EB0${digest.slice(0, 18).toUpperCase()}`)
}
