// AsyncAPI 3: the events on NATS and the messages of the live feed.
import { eventSchemas, type JsonSchema, liveSchemas } from './schemas.ts'

const schemasIn = (folder: string, schemas: Readonly<Record<string, JsonSchema>>) =>
  Object.keys(schemas).map((name) => [name, { $ref: `./schemas/${folder}/${name}.json` }] as const)

const cloudEventHeaders = {
  type: 'object',
  required: ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time', 'peyk-position'],
  properties: {
    'ce-specversion': { type: 'string', const: '1.0' },
    'ce-id': { type: 'string', format: 'uuid', description: 'The same event always has the same one.' },
    'ce-source': { type: 'string' },
    'ce-type': { type: 'string', description: '`peyk.` and the type of the event.' },
    'ce-time': { type: 'string', format: 'date-time' },
    'peyk-position': { type: 'string', description: 'Its place in the order of everything.' },
    'peyk-correlation-id': { type: 'string' },
    traceparent: { type: 'string' },
  },
}

const eventMessages = (family: 'campaign' | 'session') =>
  Object.fromEntries(
    schemasIn('events', eventSchemas[family]).map(([name, payload]) => [
      name,
      { name: `peyk.${name}`, contentType: 'application/json', headers: cloudEventHeaders, payload },
    ]),
  )

const liveMessages = Object.fromEntries(
  schemasIn('live', liveSchemas).map(([type, data]) => [
    type,
    {
      name: type,
      contentType: 'application/json',
      payload: {
        type: 'object',
        required: ['type', 'campaignId', 'data'],
        properties: { type: { const: type }, campaignId: { type: 'integer', minimum: 1 }, data },
      },
    },
  ]),
)

const tenant = { description: 'Your tenant.' }

export const asyncApi = {
  asyncapi: '3.0.0',
  info: {
    title: 'Peyk',
    version: '1.0.0',
    description:
      'Events for other services (docs/consuming-events.md) and the live feed (docs/websocket-events.fa.md).',
  },
  defaultContentType: 'application/json',
  channels: {
    campaignEvents: {
      address: 'events.{tenant}.campaign.{campaignId}.{type}',
      parameters: { tenant, campaignId: {}, type: {} },
      messages: eventMessages('campaign'),
    },
    sessionEvents: {
      address: 'events.{tenant}.session.{sessionId}.{type}',
      parameters: { tenant, sessionId: {}, type: {} },
      messages: eventMessages('session'),
    },
    liveFeed: {
      address: '/ws/campaigns',
      description: 'A WebSocket; `campaignId`, `userId` and `token` or `ticket` in the query.',
      messages: liveMessages,
    },
  },
  operations: {
    readCampaignEvents: { action: 'receive', channel: { $ref: '#/channels/campaignEvents' } },
    readSessionEvents: { action: 'receive', channel: { $ref: '#/channels/sessionEvents' } },
    watchCampaign: { action: 'receive', channel: { $ref: '#/channels/liveFeed' } },
  },
}
