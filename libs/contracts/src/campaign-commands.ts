// What the campaign aggregate can be asked to do. Clock, ids and randomness arrive in the command.
import type { CampaignEventOf, PauseReason } from './campaign-events.ts'
import type { CampaignId, Epoch, SessionId, ShareId, TenantId, UserId } from './ids.ts'
import type { Totals } from './recipient-state.ts'

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
  | Command<'SetPacing', { intervalMs: number }>
  | Command<'AttachSession', { sessionId: SessionId }>
  | Command<'StartCampaign', { runKey: string; epoch: Epoch; notBefore: string; hasConnectedNumber: boolean }>
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
