// A new draft from a campaign: its message and pacing, and those of its recipients that are asked for.
import { type CampaignId, type DuplicateRecipients, MAX_TITLE_CHARACTERS } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import type { CampaignDetails } from '../domain/campaign/campaign.ts'
import { readRecipients } from '../imports/chunks.ts'
import type { ImportRow } from '../imports/columns.ts'
import { loadCampaign } from './campaigns.ts'
import type { Actor, CommandContext } from './context.ts'
import { createCampaign } from './create-campaign.ts'
import { isTaken, readStates } from './recipient-states.ts'

export interface Duplicate {
  readonly row: CampaignRow
  /** Undefined when none go along. */
  readonly rows: AsyncIterable<ImportRow> | undefined
}

/** The new campaign stands when this returns; its recipients are imported by whoever reads them. */
export const duplicateCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  asked: { readonly recipients: DuplicateRecipients; readonly title?: string | undefined },
  hasKey: boolean,
): Promise<Duplicate> => {
  const source = (await loadCampaign(context, id))?.campaign.details
  if (source === undefined) throw new ProblemError('campaign_not_found')
  const { message, intervalMs } = source
  const title = asked.title ?? copyTitle(source.title)
  const anyRevision = { ...actor, expectedRevision: undefined }
  const row = await createCampaign(context, anyRevision, { title, message, copyOf: id, intervalMs }, hasKey)
  const takesNone = asked.recipients === 'none' || source.recipients === undefined
  return { row, rows: takesNone ? undefined : copiedRows(context, source, asked.recipients) }
}

const COPY_MARK = ' (۲)'

const copyTitle = (title: string): string =>
  Array.from(title)
    .slice(0, MAX_TITLE_CHARACTERS - COPY_MARK.length)
    .join('') + COPY_MARK

async function* copiedRows(
  { store }: CommandContext,
  { campaignId, recipients }: CampaignDetails,
  which: DuplicateRecipients,
): AsyncGenerator<ImportRow> {
  const stateOf = await readStates(store, campaignId)
  let position = 0
  for await (const { spelling, variables } of readRecipients(store, campaignId, recipients?.chunks ?? [])) {
    position += 1
    if (isTaken(which, stateOf(position))) yield { row: position, phone: spelling, variables }
  }
}
