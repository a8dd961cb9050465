// A message of OUTCOMES as a record of the ledger; undefined for what no sender of ours could have written.
import {
  campaignOutcomeSchema,
  headers,
  intentMessageSchema,
  sessionOutcomeSchema,
  tenantIdSchema,
} from '@peyk/contracts'
import type { StoredMessage } from '@peyk/messaging'

import type { OutcomeRecord } from './batch.ts'

export const readOutcomeRecord = (message: StoredMessage): OutcomeRecord | undefined => {
  const [head, tenantText, family] = message.subject.split('.')
  const tenant = tenantIdSchema.safeParse(tenantText)
  if (!tenant.success) return undefined
  const common = {
    sequence: message.sequence,
    storedAtMs: message.storedAt.getTime(),
    tenant: tenant.data,
    traceparent: message.headers[headers.traceparent],
  }
  const body = readJson(message)
  if (head === 'intents') {
    const intent = intentMessageSchema.safeParse(body)
    return intent.success ? { ...common, subject: 'intent', message: intent.data } : undefined
  }
  if (family === 'campaign') {
    const outcome = campaignOutcomeSchema.safeParse(body)
    return outcome.success ? { ...common, subject: 'campaign', message: outcome.data } : undefined
  }
  const outcome = sessionOutcomeSchema.safeParse(body)
  return outcome.success ? { ...common, subject: 'session', message: outcome.data } : undefined
}

const readJson = (message: StoredMessage): unknown => {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
