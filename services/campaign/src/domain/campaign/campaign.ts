// A campaign's state: what its events have come to. Recipients are known as ranges of chunks and their number only.
import type {
  CampaignEvent,
  CampaignEventOf,
  CampaignId,
  ChunkRange,
  Epoch,
  PauseReason,
  Schedule,
  SessionId,
  TenantId,
  Totals,
  UserId,
} from '@peyk/contracts'

export interface Recipients {
  readonly total: number
  /** In the order of positions. */
  readonly chunks: readonly ChunkRange[]
  /** The names of the columns that a message may use. */
  readonly variables: readonly string[]
}

/** What every campaign has, in whatever state. */
export interface CampaignDetails {
  readonly campaignId: CampaignId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly title: string
  readonly message: string
  readonly recipients: Recipients | undefined
  /** Chunk numbers are never used twice. */
  readonly nextChunk: number
  readonly lastImportId: string | undefined
  readonly intervalMs: number | undefined
  /** With a time still to come, a start waits for it. */
  readonly schedule: Schedule | undefined
  readonly sessionId: SessionId | undefined
  /** Links to the report that nobody revoked. */
  readonly shares: readonly CampaignEventOf<'ReportShared'>['data'][]
  /** Of a campaign that was deleted: until then it can be had back. */
  readonly restorableUntil: string | undefined
}

export interface Run {
  readonly epoch: Epoch
  readonly attempt: number
  /** Fixed at the start. */
  readonly total: number
  readonly notBefore: string
}

/** READY and SCHEDULED have a message and recipients; from RUNNING on there is a run. */
export type Campaign =
  | { readonly status: 'NONE' }
  | { readonly status: 'DRAFT' | 'READY' | 'SCHEDULED'; readonly details: CampaignDetails }
  | { readonly status: 'RUNNING'; readonly details: CampaignDetails; readonly run: Run }
  /** Without a run when it never came to one. */
  | { readonly status: 'CANCELLED'; readonly details: CampaignDetails; readonly run: Run | undefined }
  | {
      readonly status: 'PAUSED'
      readonly details: CampaignDetails
      readonly run: Run
      readonly reason: PauseReason
    }
  | {
      readonly status: 'COMPLETED' | 'FAILED'
      readonly details: CampaignDetails
      readonly run: Run
      readonly totals: Totals
    }

export type ExistingCampaign = Exclude<Campaign, { status: 'NONE' }>

export const noCampaign: Campaign = { status: 'NONE' }

type DataOf = { [Event in CampaignEvent as Event['type']]: Event['data'] }
type EventOf<Type extends keyof DataOf> = { [T in Type]: { type: T; data: DataOf[T] } }[Type]
type Evolve = { [Type in keyof DataOf]: (campaign: ExistingCampaign, data: DataOf[Type]) => Campaign }

/** A campaign after an event. Every event has its line here, or it does not compile. */
export const evolve = (campaign: Campaign, event: CampaignEvent): Campaign => {
  if (event.type === 'CampaignCreated') return created(event.data)
  return campaign.status === 'NONE' ? campaign : evolveExisting(campaign, event)
}

const evolveExisting = <Type extends keyof DataOf>(campaign: ExistingCampaign, event: EventOf<Type>) =>
  evolutions[event.type](campaign, event.data)

const created = ({ campaignId, tenant, ownerId, title, message }: DataOf['CampaignCreated']): Campaign => ({
  status: 'DRAFT',
  details: {
    campaignId,
    tenant,
    ownerId,
    title,
    message,
    recipients: undefined,
    nextChunk: 0,
    lastImportId: undefined,
    intervalMs: undefined,
    schedule: undefined,
    sessionId: undefined,
    shares: [],
    restorableUntil: undefined,
  },
})

/** Before its start a campaign is READY as soon as it has all that a start needs of it. */
const withDetails = (campaign: ExistingCampaign, change: Partial<CampaignDetails>): ExistingCampaign => {
  const details = { ...campaign.details, ...change }
  if (campaign.status !== 'DRAFT' && campaign.status !== 'READY') return { ...campaign, details }
  const isReady = details.message.trim() !== '' && details.recipients !== undefined
  return { status: isReady ? 'READY' : 'DRAFT', details }
}

const withRecipients = (
  campaign: ExistingCampaign,
  { mode, chunks, total, variables, importId }: DataOf['RecipientsImported'],
): ExistingCampaign => {
  const kept = mode === 'append' ? campaign.details.recipients : undefined
  return withDetails(campaign, {
    recipients: {
      total,
      chunks: [...(kept?.chunks ?? []), chunks],
      variables: [...new Set([...(kept?.variables ?? []), ...variables])],
    },
    nextChunk: chunks.last + 1,
    lastImportId: importId,
  })
}

/** Without its schedule; who waited for it waits for a start. */
const readyAgain = (campaign: ExistingCampaign): ExistingCampaign =>
  campaign.status === 'SCHEDULED'
    ? { status: 'READY', details: { ...campaign.details, schedule: undefined } }
    : withDetails(campaign, { schedule: undefined })

/** A campaign without a run stays as it is: such an event cannot follow. */
const inRun = (campaign: ExistingCampaign, next: (run: Run) => Campaign): Campaign =>
  'run' in campaign && campaign.run !== undefined ? next(campaign.run) : campaign

const evolutions: Evolve = {
  CampaignCreated: (_campaign, data) => created(data),
  TitleChanged: (campaign, { title }) => withDetails(campaign, { title }),
  MessageChanged: (campaign, { message }) => withDetails(campaign, { message }),
  RecipientsImported: withRecipients,
  PacingSet: (campaign, { intervalMs }) => withDetails(campaign, { intervalMs }),
  ScheduleSet: (campaign, schedule) => withDetails(campaign, { schedule }),
  ScheduleCancelled: (campaign) => readyAgain(campaign),
  CampaignScheduled: ({ details }) => ({ status: 'SCHEDULED', details }),
  ScheduleMissed: (campaign, { taken }) => (taken === 'skip' ? readyAgain(campaign) : campaign),
  SessionAttached: (campaign, { sessionId }) => withDetails(campaign, { sessionId }),
  CampaignStarted: ({ details }, { epoch, attempt, total, notBefore }) => ({
    status: 'RUNNING',
    details,
    run: { epoch, attempt, total, notBefore },
  }),
  StartUndone: ({ details }) => ({ status: 'READY', details }),
  RetryStarted: (campaign, { epoch, attempt, notBefore }) =>
    inRun(campaign, (run) => ({
      status: 'RUNNING',
      details: campaign.details,
      run: { ...run, epoch, attempt, notBefore },
    })),
  CampaignPaused: (campaign, { reason }) =>
    inRun(campaign, (run) => ({ status: 'PAUSED', details: campaign.details, run, reason })),
  CampaignResumed: (campaign, { epoch }) =>
    inRun(campaign, (run) => ({ status: 'RUNNING', details: campaign.details, run: { ...run, epoch } })),
  CampaignCancelled: (campaign) => ({
    status: 'CANCELLED',
    details: campaign.details,
    run: 'run' in campaign ? campaign.run : undefined,
  }),
  CampaignCompleted: (campaign, { totals }) =>
    inRun(campaign, (run) => ({ status: 'COMPLETED', details: campaign.details, run, totals })),
  CampaignFailed: (campaign, { totals }) =>
    inRun(campaign, (run) => ({ status: 'FAILED', details: campaign.details, run, totals })),
  ReportShared: (campaign, share) => withDetails(campaign, { shares: [...campaign.details.shares, share] }),
  ReportShareRevoked: (campaign, { shareId }) =>
    withDetails(campaign, { shares: campaign.details.shares.filter((share) => share.shareId !== shareId) }),
  TestSendRequested: (campaign) => campaign,
  CampaignDeleted: (campaign, { restorableUntil }) => withDetails(campaign, { restorableUntil }),
  CampaignRestored: (campaign) => withDetails(campaign, { restorableUntil: undefined }),
}
