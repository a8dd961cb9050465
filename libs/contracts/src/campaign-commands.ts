// What the campaign aggregate can be asked to do. Clock, ids and randomness arrive in the command.
import type { CampaignEventOf, PauseReason } from './campaign-events.ts'
import type { CampaignId, Epoch, SessionId, ShareId, TenantId, UserId } from './ids.ts'
import type { Totals } from './recipient-state.ts'
import type { Schedule } from './schedule.ts'

interface Command<Type extends string, Data> {
  readonly type: Type
  readonly data: Data
}

export type CampaignCommand =
  | Command<
      'CreateCampaign',
      {
        campaignId: CampaignId
        tenant: TenantId
        ownerId: UserId
        title: string
        message: string
        copyOf?: CampaignId | undefined
        intervalMs?: number | undefined
      }
    >
  | Command<'ChangeTitle', { title: string }>
  | Command<'ChangeMessage', { message: string }>
  | Command<
      'ImportRecipients',
      Omit<CampaignEventOf<'RecipientsImported'>['data'], 'total'> & {
        limit: number
        /** The campaign's next free chunk when positions were given out: another one now means that an import came between. */
        nextChunk: number
      }
    >
  /** Without a schedule it stays as it is; null takes it away. */
  | Command<'SetPacing', { intervalMs: number; schedule?: Schedule | null | undefined }>
  | Command<'CancelSchedule', Record<string, never>>
  | Command<'AttachSession', { sessionId: SessionId }>
  /** Waits for its time if that is still to come. */
  | Command<
      'StartCampaign',
      { runKey: string; epoch: Epoch; now: string; notBefore: string; hasConnectedNumber: boolean }
    >
  /** From the schedule: its time has come, or passed longer than `graceMs` ago. */
  | Command<'StartDue', { runKey: string; epoch: Epoch; now: string; graceMs: number }>
  /** Until the first message could go. */
  | Command<'UndoStart', { now: string }>
  /** `retryable`: how many there are to send to once more. */
  | Command<
      'RetryFailed',
      {
        epoch: Epoch
        notBefore: string
        includeUnconfirmed: boolean
        retryable: number
        hasConnectedNumber: boolean
      }
    >
  | Command<'PauseCampaign', { reason: PauseReason }>
  | Command<'ResumeCampaign', { epoch: Epoch; hasConnectedNumber: boolean }>
  | Command<'CancelCampaign', Record<string, never>>
  /** From the ledger: every recipient is settled. */
  | Command<'CompleteCampaign', { totals: Totals }>
  /** From the ledger: every number is banned or logged out. */
  | Command<'FailCampaign', { reason: 'numberGone'; totals: Totals }>
  | Command<'ShareReport', { share: CampaignEventOf<'ReportShared'>['data']; now: string }>
  /** One link, or all of them. */
  | Command<'RevokeShares', { shareId: ShareId | undefined }>
  | Command<'DeleteCampaign', { restorableUntil: string }>
  | Command<'RestoreCampaign', { now: string }>
  | Command<'RequestTestSend', { testId: string; runKey: string; hasConnectedNumber: boolean }>
