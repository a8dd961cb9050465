// A message to one number of the user's choice, to see it as recipients will.
import {
  type CampaignId,
  eventStreams,
  type Recipient,
  type RecipientsChunkStored,
  requiredVariables,
} from '@peyk/contracts'
import { eventIdOf } from '@peyk/event-sourcing'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import type { CampaignDetails } from '../domain/campaign/campaign.ts'
import { readRecipients } from '../imports/chunks.ts'
import { parsePhone } from '../imports/phone.ts'
import { handleCampaign, loadCampaign } from './campaigns.ts'
import { type Actor, type CommandContext, metadataOf } from './context.ts'
import { isConnected } from './control-campaign.ts'
import { newRunKey } from './run-key.ts'

/** The number stands in a stream of its own; the campaign's event names that only. */
export const requestTestSend = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  phone: string,
): Promise<CampaignRow> => {
  const parsed = parsePhone(phone, context.settings.DEFAULT_COUNTRY)
  if (parsed.outcome === 'refused')
    throw new ProblemError('invalid_phone', {
      errors: [{ path: 'phone', code: parsed.code, message: 'this is not a valid phone number' }],
    })
  const loaded = await loadCampaign(context, id)
  if (loaded === undefined) throw new ProblemError('campaign_not_found')
  const { details } = loaded.campaign
  const variables = await sampleVariables(context, details)
  const testId = actor.commandId
  const stream = eventStreams.testRecipient(id, testId)
  await storeTestRecipient(context, actor, stream, {
    phone: parsed.phone,
    spelling: parsed.spelling,
    variables,
  })
  try {
    return await handleCampaign(context, actor, id, {
      type: 'RequestTestSend',
      data: {
        testId,
        runKey: newRunKey(),
        hasConnectedNumber: await isConnected(context, details.sessionId),
      },
    })
  } catch (error) {
    if (error instanceof ProblemError) await context.store.deleteStream(stream)
    throw error
  }
}

const storeTestRecipient = async (
  { store }: CommandContext,
  actor: Actor,
  stream: string,
  recipient: Recipient,
): Promise<void> => {
  const data: RecipientsChunkStored['data'] = {
    importId: actor.commandId,
    chunk: 0,
    firstPosition: 0,
    recipients: [recipient],
  }
  await store.setStreamMetadata(stream, { maxCount: 1 })
  const event = {
    id: eventIdOf(stream, actor.commandId, 0),
    type: 'RecipientsChunkStored' satisfies RecipientsChunkStored['type'],
    data,
    metadata: metadataOf(actor),
  }
  await store.append(stream, [event], { expectedRevision: 'any' })
}

/** The values of the first recipient; without a list each value shows its own name. */
const sampleVariables = async (
  { store }: CommandContext,
  { campaignId, message, recipients }: CampaignDetails,
): Promise<Recipient['variables']> => {
  const names = Object.fromEntries(requiredVariables(message).map((name) => [name, name]))
  for await (const { variables } of readRecipients(store, campaignId, recipients?.chunks ?? []))
    return { ...names, ...variables }
  return names
}
