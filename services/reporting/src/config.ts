// The settings of reporting.
import {
  authSettings,
  dataSettings,
  durationSetting,
  eventStoreSettings,
  httpSettings,
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
})
export type Settings = z.output<typeof settings>
