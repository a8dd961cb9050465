// The dashboards. Every panel has a unit and a sentence that says what it shows and when to worry.
import { campaignPipeline } from './campaign-pipeline.ts'
import { eventStore } from './event-store.ts'
import { gateway } from './gateway.ts'
import { nats } from './nats.ts'
import { overview } from './overview.ts'
import type { Dashboard } from './panel.ts'
import { whatsappSessions } from './whatsapp-sessions.ts'

export const dashboards: readonly Dashboard[] = [
  overview,
  gateway,
  campaignPipeline,
  whatsappSessions,
  nats,
  eventStore,
]
