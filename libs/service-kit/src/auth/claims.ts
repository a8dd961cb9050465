// From the claims of a verified token to a principal.
import {
  campaignIdSchema,
  LOCAL_TENANT,
  type Principal,
  type Role,
  roleSchema,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import type { JWTPayload } from 'jose'
import { z } from 'zod'

export interface ClaimPaths {
  readonly tenant: string
  readonly roles: string
}

const campaignsSchema = z.array(campaignIdSchema).max(1_000).optional()

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The claim of this whole name (`https://example.com/tenant`), else by its path (`realm_access.roles`). */
function claimAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  return path.split('.').reduce<unknown>((value, key) => {
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, claims)
}

/** Issuers give roles of other systems too: those are no roles here. */
function rolesOf(claim: unknown): readonly Role[] | undefined {
  if (claim === undefined) return []
  const words = typeof claim === 'string' ? claim.split(' ') : claim
  if (!Array.isArray(words)) return undefined
  const known = words.flatMap((word: unknown) => {
    const role = roleSchema.safeParse(word)
    return role.success ? [role.data] : []
  })
  return [...new Set(known)]
}

/** The principal, or the name of the claim that is missing or bad. */
export function principalOf(
  claims: JWTPayload,
  paths: ClaimPaths,
  mode: 'jwt' | 'local',
): { readonly principal: Principal } | { readonly badClaim: string } {
  const tenant = tenantIdSchema.safeParse(claimAt(claims, paths.tenant))
  // `local` belongs to local mode: no issuer may hand it out
  if (!tenant.success || (mode === 'jwt' && tenant.data === LOCAL_TENANT)) return { badClaim: paths.tenant }
  const userId = userIdSchema.safeParse(claims.sub)
  if (!userId.success) return { badClaim: 'sub' }
  const roles = rolesOf(claimAt(claims, paths.roles))
  if (roles === undefined) return { badClaim: paths.roles }
  const campaigns = campaignsSchema.safeParse(claims['campaigns'])
  if (!campaigns.success) return { badClaim: 'campaigns' }
  return {
    principal: {
      tenant: tenant.data,
      userId: userId.data,
      roles,
      ...(campaigns.data === undefined ? {} : { campaigns: campaigns.data }),
    },
  }
}
