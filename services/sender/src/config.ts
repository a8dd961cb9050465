// The settings of the sender.
import {
  natsSettings,
  secretSetting,
  durationSetting,
  integerSetting,
  setting,
  addressSchema,
  switchSchema,
} from '@peyk/service-kit'
import { z } from 'zod'

import { parseMasterKeys } from './credentials/master-keys.ts'

const masterKeysSchema = z.string().transform((text, context) => {
  const keys = parseMasterKeys(text)
  if (keys !== undefined) return keys
  context.addIssue({
    code: 'custom',
    message: 'must be <id>:<base64 of 32 bytes>, or several separated by commas',
  })
  return z.NEVER
})

export const settings = z.object({
  ...natsSettings,
  NATS_REPLICAS: integerSetting('Copies of each stream and bucket: 3 in a cluster.', 1, { min: 1, max: 5 }),
  WHATSAPP_URL: setting('The WhatsApp server; absent: the real one.', addressSchema('ws', 'wss').optional()),
  WHATSAPP_ROOT_CA: setting(
    "The public root key of a WhatsApp test server, base64; absent: WhatsApp's own.",
    z.base64().optional(),
  ),
  CREDENTIALS_KEYS: secretSetting(
    'The master keys of the WhatsApp credentials, <id>:<base64>,...: the first encrypts, all decrypt.',
    masterKeysSchema,
  ),
  PACING_MIN_INTERVAL: durationSetting('No campaign sends through a number more often than this.', '5s'),
  PACING_CAPS: setting(
    'Caps and warm-up of a number; off only with a test server.',
    switchSchema.prefault('on'),
  ),
})
export type Settings = z.output<typeof settings>
