/** Everything that the parts of the protocol work on. */
import type { Connections } from './connections.ts'
import type { Faults } from './faults.ts'
import type { AttachmentReader } from './media/attachment.ts'
import type { MediaHost } from './media/media-host.ts'
import type { Accounts } from './phones/accounts.ts'
import type { Inbox } from './phones/inbox.ts'
import type { Outbox } from './phones/outbox.ts'
import type { Peers } from './phones/peers.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'

export interface World {
  readonly settings: Settings
  readonly store: Store
  readonly accounts: Accounts
  readonly peers: Peers
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly faults: Faults
  readonly connections: Connections
  readonly media: MediaHost
  readonly attachments: AttachmentReader
}
