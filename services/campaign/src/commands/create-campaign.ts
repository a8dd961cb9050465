// A new campaign: its id is taken once for each Idempotency-Key, and everybody knows whose it is before the answer.
import { createHash } from 'node:crypto'

import {
  CAMPAIGN_IDS_STREAM,
  type CampaignAccess,
  type CampaignId,
  campaignIdSchema,
  canCreateCampaign,
  eventStreams,
  keys,
} from '@peyk/contracts'
import {
  eventIdOf,
  type EventMetadata,
  type EventStore,
  StreamNotFound,
  WrongRevision,
} from '@peyk/event-sourcing'
import { ProblemError } from '@peyk/service-kit'
import { z } from 'zod'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import { handleCampaign } from './campaigns.ts'
import { type Actor, type CommandContext, metadataOf } from './context.ts'

export interface NewCampaign {
  readonly title?: string | undefined
  readonly message: string
  readonly copyOf?: CampaignId | undefined
  readonly intervalMs?: number | undefined
}

/** `hasKey`: the command's id comes from an Idempotency-Key, so it may come again. */
export const createCampaign = async (
  context: CommandContext,
  actor: Actor,
  request: NewCampaign,
  hasKey: boolean,
): Promise<CampaignRow> => {
  const { principal } = actor
  if (!canCreateCampaign(principal)) throw new ProblemError('forbidden')
  const metadata = metadataOf(actor)
  const campaignId = hasKey
    ? await idForKey(context.store, metadata, request)
    : await takeId(context.store, metadata)
  const row = await handleCampaign(context, actor, campaignId, {
    type: 'CreateCampaign',
    data: {
      campaignId,
      tenant: principal.tenant,
      ownerId: principal.userId,
      title: request.title ?? `کمپین ${campaignId}`,
      message: request.message,
      copyOf: request.copyOf,
      intervalMs: request.intervalMs,
    },
  })
  const access: CampaignAccess = { campaignId, tenant: principal.tenant, ownerId: principal.userId }
  await context.access.put(keys.campaignAccess(campaignId), access)
  return row
}

/** The revision of an event of its own, plus one: unique over all tenants. */
const takeId = async (store: EventStore, metadata: EventMetadata): Promise<CampaignId> => {
  const event = {
    id: eventIdOf(CAMPAIGN_IDS_STREAM, metadata.commandId, 0),
    type: 'CampaignIdTaken',
    data: {},
    metadata,
  }
  const { revision } = await store.append(CAMPAIGN_IDS_STREAM, [event], { expectedRevision: 'any' })
  return campaignIdSchema.parse(Number(revision) + 1)
}

const createKeySchema = z.object({ campaignId: campaignIdSchema, request: z.string() })

const idForKey = async (
  store: EventStore,
  metadata: EventMetadata,
  request: NewCampaign,
): Promise<CampaignId> => {
  const stream = eventStreams.createKey(metadata.commandId)
  const known = await readKey(store, stream)
  if (known !== undefined) return sameRequest(known, request)
  const data = { campaignId: await takeId(store, metadata), request: fingerprint(request) }
  const event = { id: eventIdOf(stream, metadata.commandId, 0), type: 'CreateKeyTaken', data, metadata }
  try {
    await store.append(stream, [event], { expectedRevision: 'no-stream' })
    return data.campaignId
  } catch (error) {
    if (!(error instanceof WrongRevision)) throw error
    const taken = await readKey(store, stream)
    if (taken === undefined) throw error
    return sameRequest(taken, request)
  }
}

const readKey = async (store: EventStore, stream: string) => {
  try {
    for await (const { data } of store.readStream(stream, { maxCount: 1 })) return createKeySchema.parse(data)
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return undefined
}

const fingerprint = ({ title, message }: NewCampaign): string =>
  createHash('sha256')
    .update(JSON.stringify([title ?? null, message]))
    .digest('base64')

const sameRequest = (known: z.infer<typeof createKeySchema>, request: NewCampaign): CampaignId => {
  if (known.request !== fingerprint(request)) throw new ProblemError('idempotency_key_reused')
  return known.campaignId
}
