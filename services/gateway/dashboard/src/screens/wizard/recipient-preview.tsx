// What the first recipients of the list will really get, one after the other.
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Icon } from '../../parts/icon.tsx'
import { MessageBubble } from '../../parts/message-bubble.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'

interface RecipientPreviewProps {
  readonly id: number
  /** Another one: the list was changed. */
  readonly turn: string
}

export const RecipientPreview = ({ id, turn }: RecipientPreviewProps) => {
  const { t, format } = usePreferences()
  const [loaded, reload] = useLoad(`previews ${id}`, (signal) => api.previews(id, signal), turn)
  const [asked, setAsked] = useState(0)
  if (loaded.state === 'loading') return <Loading />
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} onRetry={reload} />
  const at = Math.min(asked, loaded.value.length - 1)
  const preview = loaded.value[at]
  if (preview === undefined) return null
  const to = preview.name ?? format.digits(preview.phone)
  return (
    <section class="card" aria-labelledby="preview-title">
      <div class="heading">
        <h2 id="preview-title">{t('recipients.previewTitle')}</h2>
        <span class="turner">
          <button
            type="button"
            class="button quiet round"
            aria-label={t('recipients.previous')}
            disabled={at === 0}
            onClick={() => setAsked(at - 1)}
          >
            <Icon name="previous" />
          </button>
          <button
            type="button"
            class="button quiet round"
            aria-label={t('recipients.following')}
            disabled={at === loaded.value.length - 1}
            onClick={() => setAsked(at + 1)}
          >
            <Icon name="next" />
          </button>
        </span>
      </div>
      <div aria-live="polite">
        <MessageBubble to={to} text={preview.text ?? ''} />
        {preview.missing !== null && (
          <p class="bad-text">{t('recipients.missing', { name: preview.missing })}</p>
        )}
      </div>
    </section>
  )
}
