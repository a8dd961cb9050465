// Control of a campaign: start, pause, resume, cancel, test send.
import { retryFailedRequest, testSendRequest } from '@peyk/contracts'

import { handleCampaign } from '../commands/campaigns.ts'
import type { CommandContext } from '../commands/context.ts'
import {
  cancelCampaign,
  pauseCampaign,
  resumeCampaign,
  retryFailed,
  startCampaign,
  undoStart,
} from '../commands/control-campaign.ts'
import { requestTestSend } from '../commands/test-send.ts'
import { campaignParams as params, type Routes } from './routes.ts'

const MAY_COME_TWICE = 'who is unconfirmed may have got the message: they may get it twice'

export const addControlRoutes = (routes: Routes, context: CommandContext): void => {
  for (const path of ['/api/campaigns/:id/start', '/api/campaigns/:id/confirm-and-start'])
    routes.add('POST', path, { params }, async (call) => {
      const { campaignId } = await routes.runnable(call)
      const row = await startCampaign(context, routes.actor(call), campaignId)
      return routes.reply(row, row.status === 'SCHEDULED' ? 'Campaign scheduled' : 'Campaign started')
    })

  routes.add('POST', '/api/campaigns/:id/cancel-schedule', { params }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    const command = { type: 'CancelSchedule', data: {} } as const
    return routes.reply(
      await handleCampaign(context, routes.actor(call), campaignId, command),
      'Schedule cancelled',
    )
  })

  routes.add('POST', '/api/campaigns/:id/undo', { params }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    return routes.reply(await undoStart(context, routes.actor(call), campaignId), 'Start undone')
  })

  routes.add(
    'POST',
    '/api/campaigns/:id/retry-failed',
    { params, body: retryFailedRequest },
    async (call) => {
      const row = await routes.runnable(call)
      const { includeUnconfirmed } = call.body
      const retried = await retryFailed(context, routes.actor(call), row, includeUnconfirmed)
      const more = includeUnconfirmed ? { warning: MAY_COME_TWICE } : {}
      return routes.reply(retried, 'Failed recipients are sent to again', more)
    },
  )

  routes.add('POST', '/api/campaigns/:id/pause', { params }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    return routes.reply(await pauseCampaign(context, routes.actor(call), campaignId), 'Campaign paused')
  })

  routes.add('POST', '/api/campaigns/:id/resume', { params }, async (call) => {
    const row = await routes.runnable(call)
    return routes.reply(await resumeCampaign(context, routes.actor(call), row), 'Campaign resumed')
  })

  routes.add('POST', '/api/campaigns/:id/cancel', { params }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    return routes.reply(await cancelCampaign(context, routes.actor(call), campaignId), 'Campaign cancelled')
  })

  routes.add('POST', '/api/campaigns/:id/test-send', { params, body: testSendRequest }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    const row = await requestTestSend(context, routes.actor(call), campaignId, call.body.phone)
    return routes.reply(row, 'Test message requested', { testId: call.commandId })
  })
}
