// What the session aggregate (a WhatsApp number) can be asked to do.
import type { CampaignId, SessionId, TenantId, UserId } from './ids.ts'

interface Command<Type extends string, Data> {
  readonly type: Type
  readonly data: Data
}

export type SessionCommand =
  | Command<
      'RequestLink',
      {
        sessionId: SessionId
        tenant: TenantId
        ownerId: UserId
        method: 'qr' | 'code'
        campaignId?: CampaignId | undefined
      }
    >
  | Command<'RequestUnlink', Record<string, never>>
  /** From the sender's outcomes. */
  | Command<'RecordConnected', { maskedNumber: string }>
  | Command<'RecordDisconnected', { cause: string }>
  | Command<'RecordLoggedOut', Record<string, never>>
  | Command<'RecordBanned', { cause: string }>
