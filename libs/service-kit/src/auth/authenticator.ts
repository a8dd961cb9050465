// Who is it? Every service verifies the token itself; the tenant comes from it and from nothing else.
import { createHash } from 'node:crypto'

import { LOCAL_TENANT, type Principal, type ProblemCode, userIdSchema } from '@peyk/contracts'
import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose'

import { type AuthSettings, type Verifier, verifierOf } from './auth-settings.ts'
import { principalOf } from './claims.ts'

/** Why a token is refused. Said to the client; never with the token or its values. */
export type AuthenticationFailure =
  | 'missing'
  | 'malformed'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'bad_claim'
  | 'keys_unavailable'

export type Authentication =
  | {
      readonly kind: 'authenticated'
      readonly principal: Principal
      /** When the token ends; absent for a local user without a token, who does not end. */
      readonly expiresAt?: Date
      /** SHA-256 (hex) of the token's `jti`, or of the token: what a revocation names. Absent without a token. */
      readonly tokenId?: string
    }
  | { readonly kind: 'refused'; readonly reason: AuthenticationFailure; readonly claim?: string }

export interface Authenticator {
  readonly mode: 'jwt' | 'local'
  /**
   * Checks a token. Without one, local mode takes the user as `localUserId` (the WebSocket's `userId`; user 1 in REST) of
   * the tenant `local`; call it only after `checkLocalDoor`.
   */
  authenticate(
    token: string | undefined,
    options?: { readonly localUserId?: string },
  ): Promise<Authentication>
}

/** Longer than any token that fits in a header. */
const MAX_TOKEN_CHARACTERS = 8_192

/** The problem that a client gets for a refused token. */
export const problemCodeOfAuthentication = (reason: AuthenticationFailure): ProblemCode => {
  switch (reason) {
    case 'expired':
      return 'token_expired'
    case 'keys_unavailable':
      return 'unavailable'
    case 'missing':
    case 'malformed':
    case 'bad_signature':
    case 'not_yet_valid':
    case 'wrong_issuer':
    case 'wrong_audience':
    case 'bad_claim':
      return 'unauthorized'
  }
}

/** The token of an `Authorization: Bearer` header; undefined if there is no such header, empty if it is another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}

/** Throws `BadSettings` unless the settings name exactly one good key (in local mode at most one). */
export function createAuthenticator(settings: AuthSettings): Authenticator {
  const verifier = verifierOf(settings)
  return {
    mode: settings.AUTH_MODE,
    async authenticate(token, options = {}) {
      if (token === undefined)
        return settings.AUTH_MODE === 'local' ? localUser(options.localUserId ?? '1') : refused('missing')
      if (verifier === undefined || token.length > MAX_TOKEN_CHARACTERS) return refused('malformed')
      return verify(token, verifier, settings)
    },
  }
}

const refused = (reason: AuthenticationFailure, claim?: string): Authentication => ({
  kind: 'refused',
  reason,
  ...(claim === undefined ? {} : { claim }),
})

function localUser(id: string): Authentication {
  const userId = userIdSchema.safeParse(id)
  if (!userId.success) return refused('bad_claim', 'userId')
  return { kind: 'authenticated', principal: { tenant: LOCAL_TENANT, userId: userId.data, roles: ['admin'] } }
}

async function verify(token: string, verifier: Verifier, settings: AuthSettings): Promise<Authentication> {
  let claims: JWTPayload
  try {
    claims = await verifiedClaims(token, verifier, settings)
  } catch (error) {
    return failureOf(error)
  }
  const paths = { tenant: settings.JWT_TENANT_CLAIM, roles: settings.JWT_ROLES_CLAIM }
  const parsed = principalOf(claims, paths, settings.AUTH_MODE)
  if ('badClaim' in parsed) return refused('bad_claim', parsed.badClaim)
  return {
    kind: 'authenticated',
    principal: parsed.principal,
    expiresAt: new Date((claims.exp ?? 0) * 1_000),
    tokenId: createHash('sha256')
      .update(claims.jti ?? token)
      .digest('hex'),
  }
}

async function verifiedClaims(
  token: string,
  verifier: Verifier,
  settings: AuthSettings,
): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...verifier.algorithms],
    requiredClaims: ['exp'],
    clockTolerance: settings.JWT_CLOCK_TOLERANCE / 1_000,
    ...(settings.JWT_ISSUER === undefined ? {} : { issuer: settings.JWT_ISSUER }),
    ...(settings.JWT_AUDIENCE === undefined ? {} : { audience: settings.JWT_AUDIENCE }),
  }
  const { key } = verifier
  const { payload } =
    typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options)
  return payload
}

function failureOf(error: unknown): Authentication {
  if (error instanceof errors.JWTExpired) return refused('expired')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(claimFailure(error.claim), error.claim)
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return refused('bad_signature')
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid)
    return refused('keys_unavailable')
  // jose: a JWKS address that answers badly is a plain JOSEError, one that cannot be reached a TypeError of fetch
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') return refused('malformed')
  return refused('keys_unavailable')
}

function claimFailure(claim: string): AuthenticationFailure {
  switch (claim) {
    case 'iss':
      return 'wrong_issuer'
    case 'aud':
      return 'wrong_audience'
    case 'nbf':
      return 'not_yet_valid'
    default:
      return 'bad_claim'
  }
}
