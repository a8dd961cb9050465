import type { SessionId, TenantId } from '@peyk/contracts'

import type { Connection, CredentialStore } from '../channel/channel.ts'

/** A number that this process owns and that is connected: what the dispatcher sends through. */
export interface OpenNumber {
  readonly tenant: TenantId
  readonly sessionId: SessionId
  readonly connection: Connection
  readonly credentials: CredentialStore
  /** Aborts when no new send may begin: the socket ended, the lease was lost, a stop or an unlink is under way. */
  readonly draining: AbortSignal
  /** Keeps the text of a message for a recipient whose device asks for it again. */
  remember(messageId: string, text: string): void
  /** Ends the socket; the session opens the next one. */
  endSocket(): void
}

/** Sends through the number until it drains; resolves when the last send is done. */
export type Serve = (number: OpenNumber) => Promise<void>
