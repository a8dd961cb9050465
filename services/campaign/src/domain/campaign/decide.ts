// What a campaign makes of a command: facts, nothing when nothing changes, or a refusal.
import type { CampaignCommand, CampaignEvent, CampaignStatus, Rejection, Schedule } from '@peyk/contracts'
import { accept, type Decider, type Decision, reject } from '@peyk/event-sourcing/decider'

import { type Campaign, evolve, type ExistingCampaign, noCampaign, type Run } from './campaign.ts'
import { decideDue, dueAtMs } from './schedule.ts'

type CampaignDecision = Decision<CampaignEvent, Rejection>
type DataOf = { [Command in CampaignCommand as Command['type']]: Command['data'] }
type CommandOf<Type extends keyof DataOf> = { [T in Type]: { type: T; data: DataOf[T] } }[Type]
type Decide = { [Type in keyof DataOf]: (data: DataOf[Type], campaign: ExistingCampaign) => CampaignDecision }

const decide = (command: CampaignCommand, campaign: Campaign): CampaignDecision => {
  if (campaign.status !== 'NONE')
    return isHidden(command, campaign) ? gone : decideExisting(command, campaign)
  return command.type === 'CreateCampaign' ? create(command.data) : gone
}

const create = ({ intervalMs, copyOf, ...data }: DataOf['CreateCampaign']): CampaignDecision => {
  const created: CampaignEvent = {
    type: 'CampaignCreated',
    data: { ...data, ...(copyOf === undefined ? {} : { copyOf }) },
  }
  return intervalMs === undefined
    ? accept(created)
    : accept<CampaignEvent>(created, { type: 'PacingSet', data: { intervalMs } })
}

const gone: CampaignDecision = reject({ code: 'campaign_not_found' })

/** A deleted campaign is none, but for who deletes it again or wants it back. */
const isHidden = ({ type }: CampaignCommand, { details }: ExistingCampaign): boolean =>
  details.restorableUntil !== undefined && type !== 'DeleteCampaign' && type !== 'RestoreCampaign'

const decideExisting = <Type extends keyof DataOf>(command: CommandOf<Type>, campaign: ExistingCampaign) =>
  decisions[command.type](command.data, campaign)

/** The states in which each command may change something. */
const allowedIn = {
  ChangeTitle: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'],
  ChangeMessage: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'FAILED'],
  ImportRecipients: ['DRAFT', 'READY', 'SCHEDULED'],
  SetPacing: ['DRAFT', 'READY', 'SCHEDULED', 'RUNNING', 'PAUSED', 'FAILED'],
  SetSchedule: ['DRAFT', 'READY', 'SCHEDULED'],
  CancelSchedule: ['DRAFT', 'READY', 'SCHEDULED'],
  AttachSession: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'FAILED'],
  StartCampaign: ['READY', 'SCHEDULED'],
  UndoStart: ['RUNNING'],
  RetryFailed: ['COMPLETED', 'FAILED'],
  PauseCampaign: ['RUNNING'],
  ResumeCampaign: ['PAUSED', 'FAILED'],
  CancelCampaign: ['SCHEDULED', 'RUNNING', 'PAUSED'],
  CompleteCampaign: ['RUNNING'],
  FailCampaign: ['RUNNING', 'PAUSED'],
  RequestTestSend: ['DRAFT', 'READY', 'SCHEDULED', 'RUNNING', 'PAUSED', 'FAILED'],
  DeleteCampaign: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'],
} as const satisfies Partial<Record<keyof DataOf | 'SetSchedule', readonly CampaignStatus[]>>

/** Undefined when the campaign's state allows the command. */
export const wrongStateFor = (
  command: keyof typeof allowedIn,
  state: CampaignStatus,
): Extract<Rejection, { code: 'wrong_state' }> | undefined => {
  const allowed: readonly CampaignStatus[] = allowedIn[command]
  return allowed.includes(state) ? undefined : { code: 'wrong_state', state, allowed }
}

/** Links of a campaign that are good at a time. */
const MAX_SHARES = 100

const inAllowedState = (
  command: keyof typeof allowedIn,
  { status }: ExistingCampaign,
  allowed: () => CampaignDecision,
): CampaignDecision => {
  const wrongState = wrongStateFor(command, status)
  return wrongState === undefined ? allowed() : reject(wrongState)
}

const decisions: Decide = {
  /** Ids are given out once: whoever creates an existing campaign does it again. */
  CreateCampaign: () => accept(),

  ChangeTitle: ({ title }, campaign) =>
    title === campaign.details.title
      ? accept()
      : inAllowedState('ChangeTitle', campaign, () => accept({ type: 'TitleChanged', data: { title } })),

  ChangeMessage: ({ message }, campaign) =>
    message === campaign.details.message
      ? accept()
      : inAllowedState('ChangeMessage', campaign, () =>
          accept({ type: 'MessageChanged', data: { message } }),
        ),

  ImportRecipients: (data, campaign) =>
    data.importId === campaign.details.lastImportId
      ? accept()
      : inAllowedState('ImportRecipients', campaign, () => importRecipients(data, campaign)),

  SetPacing: (data, campaign) => setPacing(data, campaign),

  CancelSchedule: (_data, campaign) =>
    inAllowedState('CancelSchedule', campaign, () => accept(...cancelledSchedule(campaign))),

  AttachSession: ({ sessionId }, campaign) => {
    if (sessionId === campaign.details.sessionId) return accept()
    const attached = () => accept({ type: 'SessionAttached' as const, data: { sessionId } })
    // Started by its schedule without a number, it waits for one.
    if (campaign.status === 'RUNNING' && campaign.details.sessionId === undefined) return attached()
    return inAllowedState('AttachSession', campaign, attached)
  },

  StartCampaign: (data, campaign) => (campaign.status === 'RUNNING' ? accept() : start(data, campaign)),

  StartDue: (data, campaign) => (campaign.status === 'SCHEDULED' ? startDue(data, campaign) : accept()),

  UndoStart: ({ now }, campaign) => {
    if (campaign.status === 'READY') return accept()
    return inAllowedState('UndoStart', campaign, () =>
      campaign.status === 'RUNNING' && mayUndo(campaign.run, now)
        ? accept({ type: 'StartUndone', data: {} })
        : reject({ code: 'too_late_to_undo' }),
    )
  },

  RetryFailed: (data, campaign) =>
    campaign.status === 'RUNNING' && campaign.run.attempt > 1 ? accept() : retryFailed(data, campaign),

  PauseCampaign: ({ reason }, campaign) =>
    campaign.status === 'PAUSED'
      ? accept()
      : inAllowedState('PauseCampaign', campaign, () => accept({ type: 'CampaignPaused', data: { reason } })),

  ResumeCampaign: ({ epoch, hasConnectedNumber }, campaign) => {
    if (campaign.status === 'RUNNING') return accept()
    // A paused campaign waits for its number; a failed one has lost it and needs one that is there.
    if (campaign.status === 'FAILED' && !hasConnectedNumber) return reject({ code: 'no_connected_number' })
    return inAllowedState('ResumeCampaign', campaign, () =>
      accept({ type: 'CampaignResumed', data: { epoch } }),
    )
  },

  CancelCampaign: (_data, campaign) =>
    campaign.status === 'CANCELLED'
      ? accept()
      : inAllowedState('CancelCampaign', campaign, () => accept({ type: 'CampaignCancelled', data: {} })),

  CompleteCampaign: ({ totals }, campaign) =>
    campaign.status === 'COMPLETED'
      ? accept()
      : inAllowedState('CompleteCampaign', campaign, () =>
          accept({ type: 'CampaignCompleted', data: { totals } }),
        ),

  FailCampaign: ({ reason, totals }, campaign) =>
    campaign.status === 'FAILED'
      ? accept()
      : inAllowedState('FailCampaign', campaign, () =>
          accept({ type: 'CampaignFailed', data: { reason, totals } }),
        ),

  ShareReport: ({ share, now }, { details: { shares } }) => {
    if (shares.some(({ shareId }) => shareId === share.shareId)) return accept()
    const good = shares.filter(({ expiresAt }) => expiresAt > now)
    return good.length < MAX_SHARES
      ? accept({ type: 'ReportShared', data: share })
      : reject({ code: 'too_many_shares', limit: MAX_SHARES })
  },

  RevokeShares: ({ shareId }, { details: { shares } }) => {
    const revoked = shares.filter((share) => shareId === undefined || share.shareId === shareId)
    return accept(
      ...revoked.map((share) => ({ type: 'ReportShareRevoked' as const, data: { shareId: share.shareId } })),
    )
  },

  DeleteCampaign: ({ restorableUntil }, campaign) =>
    campaign.details.restorableUntil === undefined
      ? inAllowedState('DeleteCampaign', campaign, () =>
          accept({ type: 'CampaignDeleted', data: { restorableUntil } }),
        )
      : accept(),

  RestoreCampaign: ({ now }, { details: { restorableUntil } }) => {
    if (restorableUntil === undefined) return accept()
    return now <= restorableUntil ? accept({ type: 'CampaignRestored', data: {} }) : gone
  },

  RequestTestSend: ({ testId, runKey, hasConnectedNumber }, campaign) =>
    inAllowedState('RequestTestSend', campaign, () => {
      if (campaign.details.message.trim() === '') return reject({ code: 'no_message' })
      return hasConnectedNumber
        ? accept({ type: 'TestSendRequested', data: { testId, runKey } })
        : reject({ code: 'no_connected_number' })
    }),
}

const importRecipients = (
  { limit, nextChunk, ...imported }: DataOf['ImportRecipients'],
  { details }: ExistingCampaign,
): CampaignDecision => {
  // The positions in these chunks follow those that the campaign had when the import began.
  if (nextChunk !== details.nextChunk) return reject({ code: 'conflict' })
  const before = imported.mode === 'append' ? (details.recipients?.total ?? 0) : 0
  const total = before + imported.accepted
  if (total > limit) return reject({ code: 'too_many_recipients', limit })
  return accept({ type: 'RecipientsImported', data: { ...imported, total } })
}

const setPacing = (
  { intervalMs, schedule }: DataOf['SetPacing'],
  campaign: ExistingCampaign,
): CampaignDecision => {
  const { details, status } = campaign
  const isOther = schedule !== undefined && schedule !== null && !isSame(schedule, details.schedule)
  const wrongState =
    (intervalMs === details.intervalMs ? undefined : wrongStateFor('SetPacing', status)) ??
    (isOther ? wrongStateFor('SetSchedule', status) : undefined)
  if (wrongState !== undefined) return reject(wrongState)
  const pacing: readonly CampaignEvent[] =
    intervalMs === details.intervalMs ? [] : [{ type: 'PacingSet', data: { intervalMs } }]
  if (isOther) return accept<CampaignEvent>(...pacing, { type: 'ScheduleSet', data: schedule })
  return accept(...pacing, ...(schedule === null ? cancelledSchedule(campaign) : []))
}

const isSame = (a: Schedule, b: Schedule | undefined): boolean =>
  b !== undefined &&
  a.scheduledAt === b.scheduledAt &&
  a.timezone === b.timezone &&
  a.missedRun === b.missedRun &&
  a.missedRunLimitMs === b.missedRunLimitMs

/** Nothing without a schedule, and once there is a run that has come of it. */
const cancelledSchedule = ({ status, details }: ExistingCampaign): readonly CampaignEvent[] =>
  details.schedule === undefined || wrongStateFor('CancelSchedule', status) !== undefined
    ? []
    : [{ type: 'ScheduleCancelled', data: {} }]

/** So long before its first send a start cannot be undone any more: the first jobs may be on their way. */
const UNDO_MARGIN_MS = 1_000

const mayUndo = ({ attempt, notBefore }: Run, now: string): boolean =>
  attempt === 1 && Date.parse(now) < Date.parse(notBefore) - UNDO_MARGIN_MS

const retryFailed = (
  { epoch, notBefore, includeUnconfirmed, retryable, hasConnectedNumber }: DataOf['RetryFailed'],
  campaign: ExistingCampaign,
): CampaignDecision =>
  inAllowedState('RetryFailed', campaign, () => {
    if (retryable === 0) return reject({ code: 'nothing_to_retry' })
    if (!hasConnectedNumber) return reject({ code: 'no_connected_number' })
    const attempt = 'run' in campaign && campaign.run !== undefined ? campaign.run.attempt + 1 : 2
    return accept({ type: 'RetryStarted', data: { attempt, epoch, notBefore, includeUnconfirmed } })
  })

const startDue = (
  { runKey, epoch, now, graceMs }: DataOf['StartDue'],
  { details: { schedule, recipients } }: ExistingCampaign,
): CampaignDecision => {
  if (schedule === undefined || recipients === undefined) return accept()
  const decision = decideDue(schedule, Date.parse(now), graceMs)
  if (decision.outcome === 'wait') return accept()
  const started: CampaignEvent = {
    type: 'CampaignStarted',
    data: { runKey, epoch, notBefore: now, total: recipients.total, attempt: 1 },
  }
  if (decision.outcome === 'run') return accept(started)
  const { dueMs, lateMs, taken } = decision
  const missed: CampaignEvent = {
    type: 'ScheduleMissed',
    data: { dueAt: new Date(dueMs).toISOString(), lateMs, taken },
  }
  return taken === 'run' ? accept<CampaignEvent>(missed, started) : accept(missed)
}

const start = (
  { runKey, epoch, now, notBefore, hasConnectedNumber }: DataOf['StartCampaign'],
  campaign: ExistingCampaign,
): CampaignDecision => {
  const { message, recipients, schedule } = campaign.details
  if (campaign.status === 'DRAFT' && message.trim() === '') return reject({ code: 'no_message' })
  if (campaign.status === 'DRAFT' || recipients === undefined) return reject({ code: 'no_recipients' })
  const waits = campaign.status === 'READY' && schedule !== undefined && dueAtMs(schedule) > Date.parse(now)
  if (waits) return accept({ type: 'CampaignScheduled', data: {} })
  return inAllowedState('StartCampaign', campaign, () =>
    hasConnectedNumber
      ? accept({
          type: 'CampaignStarted',
          data: { runKey, epoch, notBefore, total: recipients.total, attempt: 1 },
        })
      : reject({ code: 'no_connected_number' }),
  )
}

export const campaignDecider: Decider<Campaign, CampaignCommand, CampaignEvent, Rejection> = {
  initialState: noCampaign,
  decide,
  evolve,
}
