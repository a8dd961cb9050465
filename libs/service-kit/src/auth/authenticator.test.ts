import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { z } from 'zod'

import { BadSettings, readSettings } from '../config/read-settings.ts'
import { type Authentication, bearerToken, createAuthenticator } from './authenticator.ts'
import { authSettings } from './auth-settings.ts'

const SECRET = 'a secret of more than thirty-two bytes'
const NOW = Math.floor(Date.now() / 1_000)

const authenticatorOf = (environment: Record<string, string>) =>
  createAuthenticator(readSettings(z.object(authSettings), environment))
const withSecret = (more: Record<string, string> = {}) => authenticatorOf({ JWT_SECRET: SECRET, ...more })

type Claims = { readonly [K in keyof JWTPayload]: JWTPayload[K] | undefined }

const sign = (claims: Claims, alg = 'HS256', secret = SECRET) =>
  new SignJWT(
    Object.fromEntries(
      Object.entries({ sub: 'u1', tenant: 'acme', roles: ['member'], exp: NOW + 600, ...claims }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  )
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret))

const reasonOf = (result: Authentication) =>
  result.kind === 'refused'
    ? [result.reason, ...(result.claim === undefined ? [] : [result.claim])].join(' ')
    : 'none'

describe('a good token', () => {
  test('gives the principal, its end, and an id that does not reveal it', async () => {
    const token = await sign({ jti: 'token-1', campaigns: [7] })
    expect(await withSecret().authenticate(token)).toEqual({
      kind: 'authenticated',
      principal: { tenant: 'acme', userId: 'u1', roles: ['member'], campaigns: [7] },
      expiresAt: new Date((NOW + 600) * 1_000),
      tokenId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('has its claims where the settings say, by path or by whole name', async () => {
    const token = await sign({
      'https://peyk.example/tenant': 'other',
      realm_access: { roles: ['offline_access', 'operator', 'operator'] },
    })
    const authenticator = withSecret({
      JWT_TENANT_CLAIM: 'https://peyk.example/tenant',
      JWT_ROLES_CLAIM: 'realm_access.roles',
    })
    expect(await authenticator.authenticate(token)).toMatchObject({
      principal: { tenant: 'other', roles: ['operator'] },
    })
  })

  test.each([
    ['RS256', undefined],
    ['ES256', undefined],
    ['EdDSA', 'Ed25519'],
  ])('may be signed with %s', async (alg, crv) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, crv === undefined ? {} : { crv })
    const pem = await exportSPKI(publicKey)
    const token = await new SignJWT({ sub: 'u', tenant: 'acme', roles: [] })
      .setProtectedHeader({ alg })
      .setExpirationTime('1h')
      .sign(privateKey)
    for (const key of [pem, pem.replaceAll('\n', '\\n')])
      expect(await authenticatorOf({ JWT_PUBLIC_KEY: key }).authenticate(token)).toMatchObject({
        kind: 'authenticated',
      })
  })
})

describe('a bad token', () => {
  const cases: readonly (readonly [string, Claims, string])[] = [
    ['expired', { exp: NOW - 5 }, 'expired'],
    ['not yet valid', { nbf: NOW + 60 }, 'not_yet_valid nbf'],
    ['without an end', { exp: undefined }, 'bad_claim exp'],
    ['without a user', { sub: undefined }, 'bad_claim sub'],
    ['with a user of 129 characters', { sub: 'x'.repeat(129) }, 'bad_claim sub'],
    ['without a tenant', { tenant: undefined }, 'bad_claim tenant'],
    ['with roles that are no list', { roles: { admin: true } }, 'bad_claim roles'],
    ['with campaigns that are no ids', { campaigns: ['1'] }, 'bad_claim campaigns'],
    ['of the reserved tenant', { tenant: 'local' }, 'bad_claim tenant'],
  ]
  test.each(cases)('%s', async (_, claims, reason) => {
    expect(reasonOf(await withSecret().authenticate(await sign(claims)))).toBe(reason)
  })

  test.each(['*', '>', 'a.b', '', ' ', '../x', 'a'.repeat(200), 'A', 'a/b', '-a', 'a\n', 'ａ'])(
    '[A5] of the hostile tenant %p',
    async (tenant) => {
      expect(reasonOf(await withSecret().authenticate(await sign({ tenant })))).toBe('bad_claim tenant')
    },
  )

  test('[A5] tenants a and a-b are two', async () => {
    const tenants = await Promise.all(
      ['a', 'a-b'].map(async (tenant) => withSecret().authenticate(await sign({ tenant }))),
    )
    expect(tenants).toMatchObject([{ principal: { tenant: 'a' } }, { principal: { tenant: 'a-b' } }])
  })

  test('of another issuer or audience', async () => {
    const authenticator = withSecret({ JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'peyk' })
    const reason = async (claims: JWTPayload) =>
      reasonOf(await authenticator.authenticate(await sign(claims)))
    expect(await reason({ iss: 'https://evil.example', aud: 'peyk' })).toBe('wrong_issuer iss')
    expect(await reason({ iss: 'https://id.example', aud: 'other' })).toBe('wrong_audience aud')
    expect(await reason({ iss: 'https://id.example' })).toBe('wrong_audience aud')
    expect(await reason({ iss: 'https://id.example', aud: ['x', 'peyk'] })).toBe('none')
  })

  test('that is missing, no token, too long, or forged', async () => {
    const authenticator = withSecret()
    const reason = async (token: string | undefined) => reasonOf(await authenticator.authenticate(token))
    const unsigned = new UnsecuredJWT({ sub: 'u', tenant: 'acme' }).setExpirationTime('1h').encode()
    expect(await reason(undefined)).toBe('missing')
    expect(await reason('')).toBe('malformed')
    expect(await reason('a.b.c')).toBe('malformed')
    expect(await reason('x'.repeat(10_000))).toBe('malformed')
    expect(await reason(unsigned)).toBe('malformed')
    expect(await reason(await sign({}, 'HS512', SECRET.repeat(2)))).toBe('malformed')
    expect(await reason(await sign({}, 'HS256', 'another secret of thirty-two bytes!!'))).toBe(
      'bad_signature',
    )
  })

  test('signed with the public key as if it were a secret', async () => {
    const { publicKey } = await generateKeyPair('RS256')
    const pem = await exportSPKI(publicKey)
    const forged = await sign({}, 'HS256', pem)
    expect(reasonOf(await authenticatorOf({ JWT_PUBLIC_KEY: pem }).authenticate(forged))).toBe('malformed')
  })
})

describe('local mode', () => {
  test('takes a request without a token as a user of the tenant local', async () => {
    const authenticator = authenticatorOf({ AUTH_MODE: 'local' })
    expect(await authenticator.authenticate(undefined)).toEqual({
      kind: 'authenticated',
      principal: { tenant: 'local', userId: '1', roles: ['admin'] },
    })
    expect(await authenticator.authenticate(undefined, { localUserId: 'sara' })).toMatchObject({
      principal: { userId: 'sara' },
    })
    expect(reasonOf(await authenticator.authenticate(undefined, { localUserId: '' }))).toBe(
      'bad_claim userId',
    )
  })

  test('checks a token as usual, and without a key takes none', async () => {
    const authenticator = withSecret({ AUTH_MODE: 'local' })
    expect(await authenticator.authenticate(await sign({ tenant: 'local' }))).toMatchObject({
      principal: { tenant: 'local', userId: 'u1' },
    })
    expect(reasonOf(await authenticator.authenticate('garbage'))).toBe('malformed')
    expect(reasonOf(await authenticator.authenticate(''))).toBe('malformed')
    expect(reasonOf(await authenticatorOf({ AUTH_MODE: 'local' }).authenticate(await sign({})))).toBe(
      'malformed',
    )
  })
})

describe('the settings', () => {
  const cases: readonly (readonly [string, Record<string, string>, string])[] = [
    ['no key', {}, 'JWT_JWKS_URL, JWT_PUBLIC_KEY, JWT_SECRET'],
    ['two keys', { JWT_SECRET: SECRET, JWT_PUBLIC_KEY: 'x' }, 'JWT_PUBLIC_KEY, JWT_SECRET'],
    ['a short secret', { JWT_SECRET: 'short' }, 'JWT_SECRET'],
    ['no PEM', { JWT_PUBLIC_KEY: 'x' }, 'JWT_PUBLIC_KEY'],
    ['a broken PEM', { JWT_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----\nx' }, 'JWT_PUBLIC_KEY'],
    [
      'JWKS without issuer and audience',
      { JWT_JWKS_URL: 'https://id.example/keys' },
      'JWT_ISSUER, JWT_AUDIENCE',
    ],
  ]
  test.each(cases)('with %s the service does not start', (_, environment, keys) => {
    expect(() => authenticatorOf(environment)).toThrow(BadSettings)
    expect(() => authenticatorOf(environment)).toThrow(`bad settings: ${keys}`)
  })
})

describe('keys of a JWKS address', () => {
  let isAnswering = true
  let jwks = '{}'
  const server = createServer((_, response) => {
    response.writeHead(isAnswering ? 200 : 500, { 'content-type': 'application/json' }).end(jwks)
  })
  const keys = generateKeyPair('ES256')
  const settings = () => ({
    JWT_JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    JWT_ISSUER: 'id',
    JWT_AUDIENCE: 'peyk',
  })
  const tokenFor = async (kid: string) =>
    new SignJWT({ sub: 'u', tenant: 'acme', iss: 'id', aud: 'peyk' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setExpirationTime('1h')
      .sign((await keys).privateKey)

  beforeAll(async () => {
    jwks = JSON.stringify({
      keys: [{ ...(await exportJWK((await keys).publicKey)), kid: 'k1', alg: 'ES256' }],
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('are fetched; a key that is not there is a bad signature', async () => {
    const authenticator = authenticatorOf(settings())
    expect(await authenticator.authenticate(await tokenFor('k1'))).toMatchObject({ kind: 'authenticated' })
    expect(reasonOf(await authenticator.authenticate(await tokenFor('k2')))).toBe('bad_signature')
  })

  test('that cannot be fetched are our trouble, not the client’s', async () => {
    isAnswering = false
    expect(reasonOf(await authenticatorOf(settings()).authenticate(await tokenFor('k1')))).toBe(
      'keys_unavailable',
    )
    const unreachable = authenticatorOf({ ...settings(), JWT_JWKS_URL: 'http://127.0.0.1:9/' })
    expect(reasonOf(await unreachable.authenticate(await tokenFor('k1')))).toBe('keys_unavailable')
  })
})

test('a bearer header', () => {
  expect(bearerToken(undefined)).toBeUndefined()
  expect(bearerToken('Bearer abc')).toBe('abc')
  expect(bearerToken('bearer  abc ')).toBe('abc')
  expect(bearerToken('Basic abc')).toBe('')
  expect(bearerToken('Bearer')).toBe('')
})
