// What each service may do on NATS: no more than its part of the architecture asks for.
import { natsTopology } from '@peyk/contracts'

export interface Permissions {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
  /** May answer a request on the subject that it names, once. */
  readonly mayAnswer: boolean
}

export const serviceNames = ['campaign', 'sender', 'gateway', 'reporting'] as const
export type ServiceName = (typeof serviceNames)[number]

const { objectStores } = natsTopology(1)

/** Reading by sequence or subject, from the leader. */
const reads = (...streams: readonly string[]) => streams.map((stream) => `$JS.API.STREAM.MSG.GET.${stream}`)
/** Following with an ordered consumer. Its deliveries go to the inbox that its maker names. */
const follows = (...streams: readonly string[]) =>
  streams.flatMap((stream) => [
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.FC.${stream}.>`,
  ])
const purges = (...streams: readonly string[]) => streams.map((stream) => `$JS.API.STREAM.PURGE.${stream}`)
/** Taking messages of durable consumers that somebody else may have made. */
const pulls = (stream: string) => [
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  `$JS.API.CONSUMER.INFO.${stream}.*`,
  `$JS.ACK.${stream}.>`,
]
const keys = (...buckets: readonly string[]) => buckets.map((bucket) => `$KV.${bucket}.>`)
const bucketStreams = (...buckets: readonly string[]) => buckets.map((bucket) => `KV_${bucket}`)
const objectStreams = objectStores.map(({ name }) => `OBJ_${name}`)

/** Which streams there are and what they hold; no message. */
const looks = ['$JS.API.INFO', '$JS.API.STREAM.NAMES', '$JS.API.STREAM.INFO.*']
const inboxOf = (name: string) => `_INBOX.${name}.>`

/** Campaign owns the streams: it makes and widens them. It deletes none, and never writes an outcome. */
const campaign: Permissions = {
  publish: [
    ...looks,
    '$JS.API.STREAM.CREATE.*',
    '$JS.API.STREAM.UPDATE.*',
    '$JS.API.STREAM.MSG.GET.*',
    '$JS.API.CONSUMER.CREATE.*',
    '$JS.API.CONSUMER.DELETE.*.*',
    '$JS.API.CONSUMER.NAMES.*',
    '$JS.FC.>',
    ...purges('DISPATCH', 'LIVE', 'LIVE_QR', ...objectStreams),
    '$JS.API.CONSUMER.DURABLE.CREATE.DISPATCH.*',
    '$JS.API.CONSUMER.DURABLE.CREATE.AUDIT.*',
    ...pulls('AUDIT'),
    ...pulls('DISPATCH'),
    'events.>',
    'dispatch.>',
    'live.>',
    'audit.*',
    'dead.*',
    'control.campaign.>',
    'link.*.*',
    '$KV.>',
    ...objectStores.map(({ name }) => `$O.${name}.>`),
  ],
  subscribe: [inboxOf('campaign'), 'control.campaign.>'],
  mayAnswer: true,
}

const senderReads = [
  'DISPATCH',
  'OUTCOMES',
  'WA_KEYS',
  'LIVE_QR',
  ...bucketStreams('sessions', 'runs', 'optouts', 'numbers', 'tenant_keys', 'leases'),
  ...objectStreams,
]

/** The sender writes what it did, its credentials, its leases and QR codes. It never writes an event or a job. */
const sender: Permissions = {
  publish: [
    ...looks,
    ...reads(...senderReads),
    ...follows(...senderReads.filter((stream) => stream !== 'DISPATCH')),
    '$JS.API.CONSUMER.NAMES.DISPATCH',
    ...pulls('DISPATCH'),
    ...purges('WA_KEYS', 'LIVE_QR'),
    'intents.*.*',
    'outcomes.>',
    'wakeys.*',
    'live.*.*.qr_code',
    'dead.*',
    ...keys('leases', 'numbers', 'tenant_keys'),
  ],
  subscribe: [inboxOf('sender'), 'link.*.*'],
  mayAnswer: true,
}

const gatewayReads = ['LIVE', 'LIVE_QR', ...bucketStreams('campaign_access', 'ws_tickets', 'revocations')]

/** The public door reads the feed and who may see it; it takes a ticket away when it is used. */
const gateway: Permissions = {
  publish: [
    ...looks,
    ...reads(...gatewayReads),
    ...follows(...gatewayReads),
    'audit.*',
    ...keys('ws_tickets'),
  ],
  subscribe: [inboxOf('gateway')],
  mayAnswer: false,
}

/** Reporting lives from the event store; it only tells what was read. */
const reporting: Permissions = {
  publish: [...looks, 'audit.*'],
  subscribe: [inboxOf('reporting')],
  mayAnswer: false,
}

export const servicePermissions: Readonly<Record<ServiceName, Permissions>> = {
  campaign,
  sender,
  gateway,
  reporting,
}
