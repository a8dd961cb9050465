// A report that is opened by a link, without a login. Whatever is wrong with a link, the answer is the same.
import { createHmac, timingSafeEqual } from 'node:crypto'

import { campaignIdTextSchema, type ShareId, shareIdSchema, signedShareText } from '@peyk/contracts'
import { type HttpApi, ProblemError } from '@peyk/service-kit'
import { z } from 'zod'

import { languages } from '../page/words.ts'
import { sharesQuery } from '../store/shares.ts'
import { pageReply } from './page-reply.ts'
import type { Sources, SourcesOptions } from './sources.ts'

interface Link {
  readonly shareId: ShareId
  readonly signature: Buffer
}

const SIGNATURE_BYTES = 32
const language = z.enum(languages).optional().catch(undefined)

/** `<id>.<signature>`; undefined for what no link can be. */
const parseLink = (key: unknown): Link | undefined => {
  const [id, text = '', ...rest] = typeof key === 'string' ? key.split('.') : []
  const shareId = shareIdSchema.safeParse(id)
  const signature = Buffer.from(text, 'base64url')
  const isWhole = rest.length === 0 && signature.length === SIGNATURE_BYTES
  // Base64 has several spellings of the same bytes; only the one that was given out is the link.
  if (!shareId.success || !isWhole || signature.toString('base64url') !== text) return undefined
  return { shareId: shareId.data, signature }
}

export const addShareRoutes = (api: HttpApi, sources: Sources, { readModel }: SourcesOptions): void => {
  const find = sharesQuery(readModel.database)
  // What does not parse is not told from what is not there.
  const params = z.object({ id: z.string() })
  const query = z.record(z.string(), z.unknown())
  api.route(
    'GET',
    '/api/campaigns/:id/report/shared',
    { access: 'public', params, query },
    async ({ params: { id }, query: { key, lang }, request, signal }) => {
      const campaignId = campaignIdTextSchema.safeParse(id)
      const link = parseLink(key)
      if (!campaignId.success || link === undefined) throw new ProblemError('campaign_not_found')
      const isGood = (): boolean => {
        const share = find(campaignId.data, link.shareId)
        if (share === undefined || share.expiresAt <= new Date().toISOString()) return false
        const signed = signedShareText(campaignId.data, link.shareId, share.expiresAt)
        const expected = createHmac('sha256', Buffer.from(share.key, 'base64')).update(signed).digest()
        return timingSafeEqual(expected, link.signature)
      }
      const source = await sources.open({
        campaignId: campaignId.data,
        mayRead: isGood,
        withPeople: false,
        signal,
      })
      return pageReply(source, { lang: language.parse(lang) }, request)
    },
  )
}
