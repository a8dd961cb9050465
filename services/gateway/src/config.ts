// The settings of the gateway.
import {
  addressSchema,
  authSettings,
  durationSetting,
  httpSettings,
  integerSetting,
  natsSettings,
  setting,
  sizeSetting,
} from '@peyk/service-kit'
import { z } from 'zod'

export const settings = z.object({
  ...natsSettings,
  ...httpSettings({ port: 3000 }),
  ...authSettings,
  NATS_REPLICAS: integerSetting('Copies of each stream and bucket: 3 in a cluster.', 1, { min: 1, max: 5 }),
  CAMPAIGN_URL: setting(
    'Where campaign answers HTTP.',
    addressSchema('http').default('http://127.0.0.1:3001'),
  ),
  REPORTING_URL: setting(
    'Where reporting answers HTTP.',
    addressSchema('http').default('http://127.0.0.1:3003'),
  ),
  PROXY_TIMEOUT: durationSetting('How long a service may take to begin its answer.', '60s'),
  OIDC_ISSUER: setting(
    'The OpenID provider at which users of the dashboard sign in; without it they paste a token.',
    addressSchema('http', 'https').optional(),
  ),
  OIDC_CLIENT_ID: setting(
    'What the provider knows the dashboard as: a public client with PKCE, sent back to /signed-in.',
    z.string().min(1).default('peyk'),
  ),
  OIDC_SCOPE: setting(
    'What the dashboard asks the provider for; offline_access gives tokens that renew themselves.',
    z.string().min(1).default('openid offline_access'),
  ),
  ALLOWED_ORIGINS: setting(
    'Origins whose pages may open the feed besides our own, separated by commas.',
    z
      .string()
      .transform((list) => list.split(',').flatMap((origin) => origin.trim() || []))
      .prefault(''),
  ),
  WS_PING_INTERVAL: durationSetting(
    'How often the text `ping` is sent; a client answers within half of it.',
    '30s',
  ),
  WS_HANDSHAKE_TIMEOUT: durationSetting('The longest time from an upgrade request to its answer.', '5s'),
  WS_MAX_CONNECTIONS: integerSetting('Live connections of this process.', 20_000, { min: 1 }),
  WS_MAX_PER_ADDRESS: integerSetting('Live connections of one address.', 500, { min: 1 }),
  WS_MAX_PER_USER: integerSetting('Live connections of one user.', 50, { min: 1 }),
  WS_MAX_PER_CAMPAIGN: integerSetting('Live connections of one campaign.', 10_000, { min: 1 }),
  WS_MAX_HANDSHAKES: integerSetting('Upgrade requests that may wait for their answer.', 1_000, { min: 1 }),
  WS_CONFLATE_ABOVE: sizeSetting('Above this only the newest counters are kept for a slow client.', '64KiB'),
  WS_CLOSE_ABOVE: sizeSetting('Above this a slow client is closed.', '256KiB'),
  WS_MAX_LAG: durationSetting('A client whose oldest message waits longer is closed as slow.', '10s'),
  WS_DRAIN_SPREAD: durationSetting('At a stop the closes are spread over this time.', '10s'),
})
export type Settings = z.output<typeof settings>
