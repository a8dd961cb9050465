// The QR code that links a number, as the feed brings it, and what to do on the phone.
import { useEffect, useState } from 'preact/hooks'

import type { FeedState } from '../../feed/feed-state.ts'
import { usePreferences } from '../../preferences.tsx'

/** WhatsApp's first code lives for 60 s, the others for 20 s; the server forgets any after a minute. */
const LIFETIME_MS = 60_000

export const QrCode = ({ qr }: Pick<FeedState, 'qr'>) => {
  const { t, format } = usePreferences()
  const leftMs = useCountdown(qr === undefined ? undefined : qr.receivedAtMs + LIFETIME_MS)
  return (
    <div class="link-phone">
      <div class="qr">
        {qr === undefined || leftMs <= 0 ? (
          <p class="loading" role="status">
            <span class="spinner" aria-hidden="true" />
            {t('number.waiting')}
          </p>
        ) : (
          <>
            <img src={qr.image} alt={t('number.qrAlt')} width={260} height={260} />
            <p class="hint">{t('number.expires', { time: format.duration(leftMs / 1_000) })}</p>
          </>
        )}
      </div>
      <div>
        <h2>{t('number.scan')}</h2>
        <ol class="on-phone">
          <li>{t('number.step1')}</li>
          <li>{t('number.step2')}</li>
          <li>{t('number.step3')}</li>
          <li>{t('number.step4')}</li>
        </ol>
        <p class="hint">{t('number.renewed')}</p>
      </div>
    </div>
  )
}

/** Milliseconds left, told anew each second. */
const useCountdown = (endsAtMs: number | undefined): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [endsAtMs])
  return endsAtMs === undefined ? 0 : endsAtMs - now
}
