// Links to a report: made and revoked here, opened in reporting.
import { shareIdSchema, shareReportRequest } from '@peyk/contracts'
import { z } from 'zod'

import type { CommandContext } from '../commands/context.ts'
import { revokeShares, shareReport } from '../commands/share-report.ts'
import { campaignParams as params, type Routes } from './routes.ts'

export const addShareRoutes = (routes: Routes, context: CommandContext): void => {
  routes.add(
    'POST',
    '/api/campaigns/:id/report/share',
    { params, body: shareReportRequest },
    async (call) => {
      const { campaignId } = await routes.runnable(call)
      const { row, share } = await shareReport(context, routes.actor(call), campaignId, call.body.expiresIn)
      return routes.reply(row, 'Report shared', { share })
    },
  )

  /** One link, or all without an id. */
  const query = z.strictObject({ id: shareIdSchema.optional() })
  routes.add('DELETE', '/api/campaigns/:id/report/share', { params, query }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    const row = await revokeShares(context, routes.actor(call), campaignId, call.query.id)
    return routes.reply(row, 'Links revoked')
  })
}
