// The settings of reporting.
import {
  authSettings,
  dataSettings,
  durationSetting,
  eventStoreSettings,
  httpSettings,
  integerSetting,
} from '@peyk/service-kit'
import { z } from 'zod'

export const settings = z.object({
  ...eventStoreSettings,
  ...dataSettings,
  ...httpSettings({ port: 3003 }),
  ...authSettings,
  REPORT_FRESHNESS_TIMEOUT: durationSetting(
    'How long a report may wait for events of before its request.',
    '5s',
  ),
  REPORT_REPLAYS_AT_ONCE: integerSetting('Reports as of a moment that may be made at a time.', 2, { min: 1 }),
})
export type Settings = z.output<typeof settings>
