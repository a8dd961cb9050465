// The settings of the sender.
import {
  addressSchema,
  durationSetting,
  integerSetting,
  natsSettings,
  secretSetting,
  setting,
  switchSchema,
} from '@peyk/service-kit'
import { z } from 'zod'

export const settings = z.object({
  ...natsSettings,
  NATS_REPLICAS: integerSetting('Copies of each stream and bucket: 3 in a cluster.', 1, { min: 1, max: 5 }),
  WHATSAPP_URL: setting('Where WhatsApp is; absent: the real one.', addressSchema('ws', 'wss').optional()),
  WHATSAPP_ROOT_CA: setting('The root key of a test server, base64.', z.string().optional()),
  CREDENTIALS_KEYS: secretSetting(
    'The master keys of credentials, <id>:<base64 of 32 bytes>, separated by commas: the first encrypts, all decrypt.',
    z.string().min(1),
  ),
  PACING_MIN_INTERVAL: durationSetting('No two messages of a number are closer than this.', '5s'),
  PACING_CAPS: setting('Caps a minute, hour and day, and warm-up: on or off.', switchSchema.prefault('on')),
})
export type Settings = z.output<typeof settings>
