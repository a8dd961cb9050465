// The settings of campaign.
import {
  authSettings,
  dataSettings,
  durationSetting,
  eventStoreSettings,
  httpSettings,
  integerSetting,
  natsSettings,
  setting,
  sizeSetting,
  switchSchema,
} from '@peyk/service-kit'
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max'
import { z } from 'zod'

const isCountry = (text: string): text is CountryCode => isSupportedCountry(text)

export const settings = z.object({
  ...natsSettings,
  ...eventStoreSettings,
  ...dataSettings,
  ...httpSettings({ port: 3001 }),
  ...authSettings,
  NATS_REPLICAS: integerSetting('Copies of each stream and bucket: 3 in a cluster.', 1, { min: 1, max: 5 }),
  PACING_MIN_INTERVAL: durationSetting('The least interval that a campaign may have.', '5s'),
  FIRST_SEND_DELAY: durationSetting(
    'How long after a start the first message waits, so that it can be undone.',
    '10s',
  ),
  SCHEDULE_GRACE: durationSetting(
    'A scheduled start that is later than this was missed: its campaign says what becomes of it.',
    '2m',
  ),
  DEFAULT_COUNTRY: setting(
    'Where phone numbers without a country code are from, as two letters.',
    z.string().refine(isCountry, 'must be a country like IR').default('IR'),
  ),
  MAX_RECIPIENTS: integerSetting('Recipients of a campaign.', 100_000, { min: 1, max: 1_000_000 }),
  MAX_UPLOAD: sizeSetting('The largest file of recipients.', '100MB'),
  MAX_SESSIONS_PER_USER: integerSetting('WhatsApp numbers that a user may have linked at a time.', 3, {
    min: 1,
  }),
  IMPORT_ANSWER_TIMEOUT: durationSetting(
    'An import that takes longer is answered with 202 and goes on.',
    '10s',
  ),
  RATE_LIMITS: setting('Limits of requests for each user: on or off.', switchSchema.prefault('on')),
  UNCONFIRMED_AFTER: durationSetting('A send without an outcome is unconfirmed after this.', '60s'),
  DISPATCH_WINDOW: integerSetting('Jobs of a campaign that wait in the queue at a time.', 200, { min: 1 }),
})
export type Settings = z.output<typeof settings>

/** The interval of a campaign that sets none. */
export const defaultIntervalMs = ({ PACING_MIN_INTERVAL }: Pick<Settings, 'PACING_MIN_INTERVAL'>): number =>
  Math.max(10_000, PACING_MIN_INTERVAL)
