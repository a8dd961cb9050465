// Who asks, and what they may do. The tenant comes from the token, never from a body.
import { z } from 'zod'

import {
  campaignIdSchema,
  type CampaignId,
  tenantIdSchema,
  type TenantId,
  userIdSchema,
  type UserId,
} from './ids.ts'

/** member: own campaigns; viewer: reads all of the tenant; operator: runs all; admin: all, and privacy, audit, halt. */
export const roleSchema = z.enum(['member', 'viewer', 'operator', 'admin'])
export type Role = z.infer<typeof roleSchema>

export const principalSchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  roles: z.array(roleSchema).readonly(),
  /** A token for just these campaigns. */
  campaigns: z.array(campaignIdSchema).readonly().optional(),
})
export type Principal = z.infer<typeof principalSchema>

/** What access to a campaign depends on. */
export interface CampaignOwnership {
  readonly campaignId: CampaignId
  readonly tenant: TenantId
  readonly ownerId: UserId
}

const hasRole = (principal: Principal, ...roles: readonly Role[]) =>
  roles.some((role) => principal.roles.includes(role))

const isInReach = (principal: Principal, campaign: CampaignOwnership) =>
  principal.tenant === campaign.tenant &&
  (principal.campaigns === undefined || principal.campaigns.includes(campaign.campaignId))

const owns = (principal: Principal, campaign: CampaignOwnership) =>
  hasRole(principal, 'member') && principal.userId === campaign.ownerId

/** False looks to the caller like a campaign that does not exist. */
export const canReadCampaign = (principal: Principal, campaign: CampaignOwnership): boolean =>
  isInReach(principal, campaign) &&
  (hasRole(principal, 'viewer', 'operator', 'admin') || owns(principal, campaign))

export const canRunCampaign = (principal: Principal, campaign: CampaignOwnership): boolean =>
  isInReach(principal, campaign) && (hasRole(principal, 'operator', 'admin') || owns(principal, campaign))

/** A QR links an account: never for viewers or tokens of single campaigns. */
export const canLinkFor = (principal: Principal, campaign: CampaignOwnership): boolean =>
  canRunCampaign(principal, campaign) && principal.campaigns === undefined

export const canCreateCampaign = (principal: Principal): boolean =>
  principal.campaigns === undefined && hasRole(principal, 'member', 'operator', 'admin')
