// A job of DISPATCH for each recipient, and for a test send.
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { type DispatchJob, headers, type SessionId, subjects } from '@peyk/contracts'
import { injectTrace, type OutgoingMessage, type Publisher, withMessageSpan } from '@peyk/messaging'

import { messageIdOf } from '../ledger/message-id.ts'
import type { CampaignRow, TestSendRow } from '../ledger/model.ts'
import type { RecipientReader } from './recipients.ts'

export type RunningRow = CampaignRow & { readonly runKey: string; readonly sessionId: SessionId }

interface JobSource {
  readonly recipients: RecipientReader
  readonly attemptOf: (position: number) => number
  /** Ends the ids that the stream knows the jobs by. */
  readonly key: string
}

export async function* jobsOf(
  row: RunningRow,
  positions: readonly number[],
  { recipients, attemptOf, key }: JobSource,
): AsyncIterable<OutgoingMessage> {
  for (const position of positions) {
    const recipient = await recipients.at(row.campaignId, position)
    if (recipient === undefined) continue
    const attempt = attemptOf(position)
    const job: DispatchJob = {
      campaignId: row.campaignId,
      position,
      attempt,
      messageId: messageIdOf(row.runKey, position, attempt),
      phone: recipient.phone,
      variables: recipient.variables,
      correlationId: row.correlationId ?? String(row.campaignId),
      ...(row.traceparent === undefined ? {} : { commandTraceparent: row.traceparent }),
    }
    yield {
      subject: subjects.dispatch(row.tenant, row.campaignId, row.sessionId),
      payload: job,
      id: `${job.messageId}.${key}`,
    }
  }
}

/** A test send is one trace from the command on: the job carries it further. Sent again after a take-over, it links it. */
export const publishTestJob = (
  publisher: Publisher,
  row: CampaignRow & { readonly sessionId: SessionId },
  test: TestSendRow,
  recipient: Pick<DispatchJob, 'phone' | 'variables'>,
  linked: boolean,
): Promise<void> => {
  const command = test.traceparent === undefined ? {} : { [headers.traceparent]: test.traceparent }
  return context.with(propagation.extract(ROOT_CONTEXT, command), () =>
    withMessageSpan({ destination: 'DISPATCH', operation: 'send', headers: command, linked }, async () => {
      const trace = injectTrace({})
      const traceparent = trace[headers.traceparent]
      const job: DispatchJob = {
        campaignId: row.campaignId,
        position: 0,
        attempt: 1,
        testId: test.testId,
        messageId: test.messageId,
        phone: recipient.phone,
        variables: recipient.variables,
        correlationId: test.correlationId,
        ...(traceparent === undefined ? {} : { commandTraceparent: traceparent }),
      }
      const subject = subjects.dispatchTest(row.tenant, row.campaignId, row.sessionId)
      await publisher.publishAll([{ subject, payload: job, id: test.messageId, headers: trace }])
    }),
  )
}
