// A message that could not be handled, kept with all that is needed to understand and to retry it.
import { errorLine } from '../log.ts'
import type { StoredMessage } from '../message.ts'
import type { Publisher } from '../publish/publisher.ts'

export type DeadLetterReason =
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'terminated' }
  /** Delivered again and again without an answer: its handler crashes or hangs. */
  | { readonly kind: 'unanswered' }

/** What a dead letter's headers say, besides those of the message itself. */
export const deadLetterHeaders = {
  reason: 'peyk-dead-reason',
  error: 'peyk-dead-error',
  subject: 'peyk-dead-subject',
  stream: 'peyk-dead-stream',
  sequence: 'peyk-dead-sequence',
  consumer: 'peyk-dead-consumer',
  deliveries: 'peyk-dead-deliveries',
} as const

const MAX_ERROR_CHARACTERS = 500

/** Stored once however often it is tried: its id is the message's place in its stream. */
export async function sendDeadLetter(
  publisher: Publisher,
  subject: string,
  consumer: string,
  message: StoredMessage & { readonly stream: string; readonly deliveryCount: number },
  reason: DeadLetterReason,
): Promise<void> {
  await publisher.publish(subject, message.data, {
    id: `dead:${message.stream}:${consumer}:${message.storedAt.getTime()}:${message.sequence}`,
    headers: {
      ...withoutServerHeaders(message),
      [deadLetterHeaders.reason]: reason.kind,
      ...(reason.kind === 'failed' && { [deadLetterHeaders.error]: errorText(reason.error) }),
      [deadLetterHeaders.subject]: message.subject,
      [deadLetterHeaders.stream]: message.stream,
      [deadLetterHeaders.sequence]: String(message.sequence),
      [deadLetterHeaders.consumer]: consumer,
      [deadLetterHeaders.deliveries]: String(message.deliveryCount),
    },
  })
}

/** `Nats-...` were instructions for the first publish, not for this one. */
const withoutServerHeaders = ({ headers }: StoredMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('Nats-')))

/** One line, since it stands in a header. */
const errorText = (error: unknown): string =>
  (error === undefined ? 'nak' : errorLine(error)).slice(0, MAX_ERROR_CHARACTERS)
