// What each route says of itself in the API's description: a sentence, and what it answers when all is well.
import {
  campaignReplySchema,
  campaignWithIncludesSchema,
  connectionReplySchema,
  estimateSchema,
  historyEntrySchema,
  importReplySchema,
  paginationSchema,
  previewSchema,
  sessionIdSchema,
  sessionReplySchema,
  shareReplySchema,
} from '@peyk/contracts'
import { z } from 'zod'

export interface RouteDocs {
  readonly summary: string
  /** By status; a media type stands for what is no JSON. */
  readonly replies: Readonly<Record<number, z.ZodType | { readonly mediaType: string }>>
}

const XLSX = { mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }

const changed = z.object({ message: z.string(), campaign: campaignReplySchema })
const campaigns = z.object({ campaigns: z.array(campaignReplySchema), pagination: paginationSchema })
const imported = changed.extend({ recipientsCount: z.int().nonnegative(), import: importReplySchema })
const linking = changed.extend({ isConnected: z.boolean(), sessionId: sessionIdSchema })

const command = (summary: string): RouteDocs => ({ summary, replies: { 200: changed } })

/** By method and path; a route without its line here does not start. */
export const routeDocs: Readonly<Record<string, RouteDocs>> = {
  'GET /api/openapi.json': { summary: 'This description', replies: { 200: z.looseObject({}) } },
  'GET /api/campaigns/excel-template/download': {
    summary: 'A file to fill with recipients',
    replies: { 200: XLSX },
  },
  'POST /api/campaigns': { summary: 'Create a campaign', replies: { 201: changed } },
  'GET /api/campaigns': { summary: 'List campaigns', replies: { 200: campaigns } },
  'GET /api/campaigns/search': {
    summary: 'Find campaigns by words of their title or message',
    replies: { 200: campaigns },
  },
  'GET /api/campaigns/scheduled': {
    summary: 'Campaigns that wait for their time, the next one first',
    replies: { 200: campaigns },
  },
  'GET /api/campaigns/:id': {
    summary: 'One campaign',
    replies: { 200: z.object({ campaign: campaignWithIncludesSchema }) },
  },
  'DELETE /api/campaigns/:id': command('Delete a campaign; it can be restored for 30 days'),
  'POST /api/campaigns/:id/restore': command('Undo a deletion'),
  'POST /api/campaigns/:id/duplicate': {
    summary: 'A new draft from a campaign',
    replies: { 201: changed.extend({ recipientsCount: z.int().nonnegative() }) },
  },
  'PUT /api/campaigns/:id/title': command('Change the title'),
  'PUT /api/campaigns/:id/message': command('Change the message'),
  'PUT /api/campaigns/:id/interval': command('Change the interval, and when it starts by itself'),
  'POST /api/campaigns/:id/cancel-schedule': command('Start by hand again'),
  'GET /api/campaigns/:id/preview': {
    summary: 'What the first five recipients will get',
    replies: { 200: z.object({ previews: z.array(previewSchema) }) },
  },
  'GET /api/campaigns/:id/estimate': {
    summary: 'When it would end',
    replies: { 200: z.object({ estimate: estimateSchema }) },
  },
  'GET /api/campaigns/:id/history': {
    summary: 'Who did what, when',
    replies: { 200: z.object({ history: z.array(historyEntrySchema) }) },
  },
  'POST /api/campaigns/:id/recipients': {
    summary: 'Import recipients from a file (field recipientsFile) or from JSON',
    replies: { 200: imported, 202: imported },
  },
  'GET /api/campaigns/:id/imports/:importId': {
    summary: 'Progress and result of an import',
    replies: { 200: z.object({ import: importReplySchema }) },
  },
  'GET /api/campaigns/:id/imports/:importId/errors': {
    summary: 'The rows that an import refused',
    replies: { 200: { mediaType: 'text/csv' } },
  },
  'POST /api/campaigns/:id/start': command('Start, now or at its time'),
  'POST /api/campaigns/:id/confirm-and-start': command('Start'),
  'POST /api/campaigns/:id/undo': command('Undo the start, until the first message goes'),
  'POST /api/campaigns/:id/retry-failed': {
    summary: 'Send to those who failed once more',
    replies: { 200: changed.extend({ warning: z.string().optional() }) },
  },
  'POST /api/campaigns/:id/pause': command('Pause; answers when nothing is being sent any more'),
  'POST /api/campaigns/:id/resume': command('Go on'),
  'POST /api/campaigns/:id/cancel': command('Cancel, for good'),
  'POST /api/campaigns/:id/test-send': {
    summary: 'Send the message to one number',
    replies: { 200: changed.extend({ testId: z.uuid() }) },
  },
  'POST /api/campaigns/:id/qr-code': {
    summary: 'Link a WhatsApp number; the QR code comes on the live feed',
    replies: { 200: linking, 202: linking },
  },
  'GET /api/campaigns/:id/connection': {
    summary: 'Whether the number is connected',
    replies: { 200: connectionReplySchema },
  },
  'POST /api/campaigns/:id/cleanup-session': command('Unlink the number'),
  'POST /api/campaigns/:id/report/share': {
    summary: 'A link to the report that needs no login',
    replies: { 200: changed.extend({ share: shareReplySchema }) },
  },
  'DELETE /api/campaigns/:id/report/share': command('Revoke one link, or all'),
  'GET /api/sessions': {
    summary: 'WhatsApp numbers',
    replies: { 200: z.object({ sessions: z.array(sessionReplySchema) }) },
  },
}
