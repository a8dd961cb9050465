// Which tokens count: exactly one key, and how to read the claims.
import { createPublicKey, type KeyObject } from 'node:crypto'

import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'

import { BadSettings } from '../config/read-settings.ts'
import { durationSetting, secretSetting, setting } from '../config/settings.ts'
import { addressSchema } from '../config/values.ts'

export const authSettings = {
  AUTH_MODE: setting(
    'jwt: every request needs a token. local: a request from this machine without one is an admin of the tenant "local".',
    z.enum(['jwt', 'local']).default('jwt'),
  ),
  JWT_JWKS_URL: setting(
    'The public keys of the issuer, as a JWKS address.',
    addressSchema('http', 'https').optional(),
  ),
  JWT_PUBLIC_KEY: setting(
    'The public key of the issuer, as PEM (RSA, EC or Ed25519).',
    z.string().optional(),
  ),
  JWT_SECRET: secretSetting('A shared secret of at least 32 bytes (HS256).', z.string().optional()),
  JWT_ISSUER: setting(
    'The issuer (iss) that tokens must name; required with JWT_JWKS_URL.',
    z.string().optional(),
  ),
  JWT_AUDIENCE: setting(
    'The audience (aud) that tokens must name; required with JWT_JWKS_URL.',
    z.string().optional(),
  ),
  JWT_TENANT_CLAIM: setting(
    'Where the tenant stands in the claims, as a path.',
    z.string().min(1).default('tenant'),
  ),
  JWT_ROLES_CLAIM: setting(
    'Where the roles stand in the claims, as a path.',
    z.string().min(1).default('roles'),
  ),
  JWT_CLOCK_TOLERANCE: durationSetting(
    'How far the clocks of the issuer and of this machine may differ.',
    '0s',
  ),
}
export type AuthSettings = z.infer<z.ZodObject<typeof authSettings>>

/** The key that tokens are verified with, and the algorithms that it allows: never the token's own choice. */
export interface Verifier {
  readonly key: Uint8Array | KeyObject | JWTVerifyGetKey
  readonly algorithms: readonly string[]
}

const keySettings = ['JWT_JWKS_URL', 'JWT_PUBLIC_KEY', 'JWT_SECRET'] as const
const MIN_SECRET_BYTES = 32
const MIN_RSA_BITS = 2_048
const rsaAlgorithms = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512']
const edAlgorithms = ['EdDSA', 'Ed25519']
const curveAlgorithms: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
}

/** The verifier of these settings; undefined in local mode without a key, where no token is accepted. */
export function verifierOf(settings: AuthSettings): Verifier | undefined {
  const given = keySettings.filter((key) => settings[key] !== undefined)
  if (given.length > 1)
    throw new BadSettings(given.map((key) => ({ key, message: 'give only one of the three keys' })))
  if (settings.JWT_SECRET !== undefined) return secretVerifier(settings.JWT_SECRET)
  if (settings.JWT_PUBLIC_KEY !== undefined) return publicKeyVerifier(settings.JWT_PUBLIC_KEY)
  if (settings.JWT_JWKS_URL !== undefined) return keySetVerifier(settings, settings.JWT_JWKS_URL)
  if (settings.AUTH_MODE === 'local') return undefined
  throw new BadSettings([
    { key: keySettings.join(', '), message: 'AUTH_MODE=jwt needs exactly one of these keys' },
  ])
}

function secretVerifier(secret: string): Verifier {
  const key = new TextEncoder().encode(secret)
  if (key.byteLength < MIN_SECRET_BYTES)
    throw new BadSettings([{ key: 'JWT_SECRET', message: `must have at least ${MIN_SECRET_BYTES} bytes` }])
  return { key, algorithms: ['HS256'] }
}

function publicKeyVerifier(pem: string): Verifier {
  const bad = (message: string) => new BadSettings([{ key: 'JWT_PUBLIC_KEY', message }])
  // Anything that is no public key is refused: createPublicKey would also take a private one.
  if (!pem.includes('PUBLIC KEY-----')) throw bad('must be a PEM public key')
  let key: KeyObject
  try {
    key = createPublicKey(pem.replaceAll('\\n', '\n'))
  } catch {
    throw bad('cannot be read as a PEM public key')
  }
  const algorithms = algorithmsOf(key)
  if (algorithms === undefined)
    throw bad('must be RSA (2048 bits or more), EC (P-256, P-384, P-521) or Ed25519')
  return { key, algorithms }
}

function algorithmsOf(key: KeyObject): readonly string[] | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  const type = key.asymmetricKeyType
  if (type === 'rsa' && modulusLength >= MIN_RSA_BITS) return rsaAlgorithms
  if (type === 'ed25519') return edAlgorithms
  if (type === 'ec' && namedCurve !== undefined) return curveAlgorithms[namedCurve]
  return undefined
}

function keySetVerifier(settings: AuthSettings, url: string): Verifier {
  const missing = (['JWT_ISSUER', 'JWT_AUDIENCE'] as const).filter((key) => settings[key] === undefined)
  if (missing.length > 0)
    throw new BadSettings(missing.map((key) => ({ key, message: 'is required with JWT_JWKS_URL' })))
  return {
    key: createRemoteJWKSet(new URL(url), { timeoutDuration: 3_000, cooldownDuration: 10_000 }),
    algorithms: [...rsaAlgorithms, ...edAlgorithms, ...Object.values(curveAlgorithms).flat()],
  }
}
