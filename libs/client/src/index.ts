// The live feed of a campaign, for browsers and Node 22 and newer. No dependency.
export { CampaignFeed, type CampaignFeedEvents, type CampaignFeedOptions } from './campaign-feed.ts'
export { FeedError, type FeedErrorCode } from './feed-error.ts'
export type {
  CampaignMessage,
  CampaignMessages,
  CampaignUpdate,
  CompletionUpdate,
  ErrorUpdate,
  ProgressUpdate,
  QrCode,
  StatusUpdate,
} from './messages.ts'
export { WebSocketMonitor } from './monitor.ts'
export type { ReconnectPolicy } from './reconnect.ts'
