import { campaignIdSchema, type CampaignId } from '@peyk/contracts'

/** The campaign of `campaign-7`, `outcomes-7`, `recipients-7-0`. */
export const campaignIdOf = (streamName: string): CampaignId =>
  campaignIdSchema.parse(Number(streamName.split('-')[1]))
