// What the HTTP side of campaign asks of the holder of `campaign.background`, in whichever process that is.
import { type CampaignId, campaignIdSchema, subjects, type TenantId, tenantIdSchema } from '@peyk/contracts'
import { type Nats, NatsUnavailable, NoResponder, request, RequestRefused, respond } from '@peyk/messaging'
import { z } from 'zod'

/** Nobody holds the background work right now, or it could not settle in time: ask again. */
export class ControlUnavailable extends Error {
  override readonly name = 'ControlUnavailable'
}

export interface CampaignControl {
  /**
   * Shuts the gate of a run and waits until nothing of it is in the air (whatsapp.md, L7). To be called right after
   * CampaignPaused or CampaignCancelled was appended. Throws ControlUnavailable after 20 s.
   */
  settle(campaign: { readonly tenant: TenantId; readonly campaignId: CampaignId }): Promise<void>
}

export const SETTLE_TIMEOUT_MS = 20_000
const RETRY_MS = 250

const settleRequest = z.object({ tenant: tenantIdSchema, campaignId: campaignIdSchema })

/** The asking side. A take-over in between is waited for. */
export const createCampaignControl = (nats: Nats): CampaignControl => ({
  settle: async (campaign) => {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS
    for (;;) {
      const leftMs = deadline - performance.now()
      try {
        await request(nats, subjects.settle, campaign, { timeoutMs: Math.max(1, leftMs) })
        return
      } catch (error) {
        if (!isPassing(error) || leftMs <= RETRY_MS)
          throw new ControlUnavailable('the campaign could not be settled in time', { cause: error })
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  },
})

const isPassing = (error: unknown): boolean =>
  error instanceof NoResponder || error instanceof NatsUnavailable || error instanceof RequestRefused

/** The answering side, while the lease is held. */
export const answerSettle = (
  nats: Nats,
  settle: (campaignId: CampaignId) => Promise<void>,
  signal: AbortSignal,
): void =>
  respond(
    nats,
    subjects.settle,
    async (question) => {
      const asked = settleRequest.parse(question.json())
      await settle(asked.campaignId)
      return {}
    },
    signal,
  )
