// Where a campaign is stored, and how it is read from there.
import { type CampaignId, eventStreams, readCampaignEvent } from '@peyk/contracts'

import { campaignDecider } from './decide.ts'

/** What handling a command for this campaign takes, beside the command itself. */
export const campaignStream = (id: CampaignId) => ({
  streamName: eventStreams.campaign(id),
  decider: campaignDecider,
  codec: { decode: readCampaignEvent },
})
