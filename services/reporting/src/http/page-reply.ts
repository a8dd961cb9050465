// A report as a page of HTML.
import type { IncomingMessage } from 'node:http'

import type { Reply } from '@peyk/service-kit'

import { pageOf } from '../page/page.ts'
import { pageHeaders } from '../page/style.ts'
import type { Language } from '../page/words.ts'
import { reportOf } from '../reports/report.ts'
import type { Source } from './sources.ts'

interface Wanted {
  readonly lang?: Language | undefined
  readonly asOf?: string | undefined
}

/** In the language that was asked for, else in the browser's; Persian unless that is English. */
export const pageReply = (
  { campaign, queries, release }: Source,
  { lang, asOf }: Wanted,
  { headers }: Pick<IncomingMessage, 'headers'>,
): Reply => {
  try {
    const language = lang ?? (headers['accept-language']?.startsWith('en') === true ? 'en' : 'fa')
    const timeline = queries.timeline(campaign.campaignId)
    const report = reportOf(campaign, queries)
    return { stream: pageOf({ report, timeline, language, asOf }), headers: pageHeaders }
  } finally {
    release()
  }
}
