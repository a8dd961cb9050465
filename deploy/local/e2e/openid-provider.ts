// An OpenID provider for a test, in a process of its own (its checks do not stand the realms of Jest). Its tokens are
// short-lived and name a tenant. Prints its address, and lives until it is killed.
import { Events, type MutableResponse, type MutableToken, OAuth2Server } from 'oauth2-mock-server'

const [lifetime = '', audience = ''] = process.argv.slice(2)
const provider = new OAuth2Server()
await provider.issuer.keys.generate('RS256')
provider.service.on(Events.BeforeTokenSigning, ({ payload }: MutableToken) => {
  Object.assign(payload, { sub: 'sara', aud: audience, tenant: 'acme', roles: ['member'] })
  payload.exp = payload.iat + Number(lifetime)
})
provider.service.on(Events.BeforeResponse, ({ body }: MutableResponse) => {
  if (body !== '') body['expires_in'] = Number(lifetime)
})
await provider.start(0, '127.0.0.1')
process.stdout.write(`${provider.issuer.url ?? ''}\n`)
