// `npm run reconcile -- CAMPAIGN`: whether the report, the ledger and the sessions say the same of a campaign.
import { resolve } from 'node:path'

import {
  type CampaignId,
  campaignIdTextSchema,
  type Epoch,
  eventStreams,
  type OutcomeEvent,
  readCampaignEvent,
  readOutcomeEvent,
  type RecipientState,
  recipientStateSchema,
  type TenantId,
  totalsSchema,
} from '@peyk/contracts'
import { connectEventStore, type EventStore, StreamNotFound } from '@peyk/event-sourcing'
import { connectNats } from '@peyk/messaging'
import { SignJWT } from 'jose'
import { z } from 'zod'

import { readCommandLine } from './command-line.ts'
import { readSecrets } from './data-folder.ts'
import { runningStack } from './running-stack.ts'
import { readAcks } from './reconcile/acks.ts'
import { differencesOf, type Sides } from './reconcile/compare.ts'

const HELP = `npm run reconcile -- CAMPAIGN

Compares the report of a campaign, its ledger and what the sessions said, and names each difference. Exit status 1 when
there is one. While a campaign runs, what is on its way may differ for a moment.

Options: --url URL, --eventstore URL, --nats URL, --data DIR (default .peyk).`

const { values, positionals } = readCommandLine(
  {
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      eventstore: { type: 'string' },
      nats: { type: 'string' },
      data: { type: 'string', default: '.peyk' },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

const reportReply = z.object({ totals: totalsSchema })
const recipientsReply = z.object({
  recipients: z.array(z.object({ position: z.number(), status: recipientStateSchema })),
  pagination: z.object({ totalPages: z.number() }),
})

/** As a viewer of the tenant sees it. */
const readReport = async (url: string, tenant: TenantId, id: CampaignId): Promise<Sides['report']> => {
  const { jwtSecret } = await readSecrets(resolve(values.data))
  const token = await new SignJWT({ tenant, roles: ['viewer'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('reconcile')
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(jwtSecret))
  const get = async (path: string): Promise<unknown> => {
    const reply = await fetch(`${url}/api/campaigns/${id}/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (!reply.ok) throw new Error(`${path} was answered with ${reply.status}`)
    return reply.json()
  }
  const states = new Map<number, RecipientState>()
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const { recipients, pagination } = recipientsReply.parse(await get(`recipients?limit=100&page=${page}`))
    for (const { position, status } of recipients) states.set(position, status)
    pages = pagination.totalPages
  }
  return { totals: reportReply.parse(await get('report')).totals, states }
}

const tenantOf = async (store: EventStore, id: CampaignId): Promise<TenantId> => {
  for await (const stored of store.readStream(eventStreams.campaign(id), { maxCount: 1 })) {
    const event = readCampaignEvent(stored)
    if (event.type === 'CampaignCreated') return event.data.tenant
  }
  throw new Error(`there is no campaign ${id}`)
}

/** None before the campaign is started. */
const readLedger = async (store: EventStore, id: CampaignId): Promise<readonly OutcomeEvent[]> => {
  const events: OutcomeEvent[] = []
  try {
    for await (const stored of store.readStream(eventStreams.outcomes(id)))
      events.push(readOutcomeEvent(stored))
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return events
}

const epochsOf = (ledger: readonly OutcomeEvent[]): readonly Epoch[] =>
  ledger.flatMap((event) => ('epoch' in event.data ? event.data.epoch : []))

const addresses = async () => {
  const { url, eventstore, nats, data } = values
  if (url !== undefined && eventstore !== undefined && nats !== undefined) return { url, eventstore, nats }
  const { urls } = await runningStack(data)
  return { url: url ?? urls.public, eventstore: eventstore ?? urls.eventstore, nats: nats ?? urls.nats }
}

const reconcile = async (id: CampaignId): Promise<void> => {
  const urls = await addresses()
  const store = connectEventStore(urls.eventstore)
  const nats = await connectNats({ url: urls.nats, name: 'operator' })
  try {
    const tenant = await tenantOf(store, id)
    const ledger = await readLedger(store, id)
    const acks = await readAcks(nats, tenant, id, epochsOf(ledger))
    const report = await readReport(urls.url, tenant, id)
    tell({ report, ledger, ...acks })
  } finally {
    await Promise.all([store.close(), nats.close()])
  }
}

const tell = (sides: Sides): void => {
  const { report, ledger, acks, areAcksWhole } = sides
  const differences = differencesOf(sides)
  for (const difference of differences) console.log(difference)
  const result = differences.length === 0 ? 'nothing differs' : `${differences.length} differences`
  const older = areAcksWhole ? '' : ' (older ones are not kept any more)'
  console.log(
    `${result}: ${report.states.size} recipients, ${ledger.length} events of the ledger, ${acks.length} acks${older}`,
  )
  if (differences.length > 0) process.exitCode = 1
}

const campaign = campaignIdTextSchema.safeParse(positionals[0])
if (values.help || !campaign.success) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await reconcile(campaign.data)
  } catch (error) {
    console.error(error instanceof StreamNotFound ? `there is no campaign ${campaign.data}` : String(error))
    process.exitCode = 1
  }
}
