// Whether what stands here is of now, and of when it is if not.
import type { FeedState, Link } from '../../feed/feed-state.ts'
import type { TextKey } from '../../i18n/translate.ts'
import { usePreferences } from '../../preferences.tsx'

const texts: Record<Link, TextKey> = {
  connecting: 'live.connecting',
  live: 'live.live',
  reconnecting: 'live.reconnecting',
  refused: 'live.stopped',
}

export const LiveMark = ({ feed }: { readonly feed: FeedState }) => {
  const { t, format } = usePreferences()
  const oldAt = feed.isCurrent ? undefined : feed.toldAt
  return (
    <p class={feed.isCurrent ? 'live-mark now' : 'live-mark'} role="status">
      <span class="dot" aria-hidden="true" />
      {t(texts[feed.isCurrent || feed.link !== 'live' ? feed.link : 'connecting'])}
      {oldAt !== undefined && <span class="hint">{t('live.stale', { at: format.time(oldAt) })}</span>}
    </p>
  )
}
