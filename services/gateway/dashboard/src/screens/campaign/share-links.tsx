// A link to the report for somebody without a login, and the end of all such links.
import type { ShareReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'

const lifetimes = ['1d', '7d', '30d', '365d'] as const

export const ShareLinks = ({ id }: { readonly id: number }) => {
  const { t, format } = usePreferences()
  const [lifetime, setLifetime] = useState<(typeof lifetimes)[number]>('7d')
  const [share, setShare] = useState<ShareReply>()
  const [said, setSaid] = useState<'share.copied' | 'share.revoked'>()
  const [isAsking, setAsking] = useState(false)
  const task = useTask()
  const make = () =>
    task.run(async () => {
      setSaid(undefined)
      setShare(await api.share(id, lifetime))
    })
  const revoke = () =>
    task.run(async () => {
      setAsking(false)
      await api.revokeShares(id)
      setShare(undefined)
      setSaid('share.revoked')
    })
  return (
    <section class="card" aria-labelledby="share-title">
      <h2 id="share-title">{t('share.title')}</h2>
      <p class="hint">{t('share.hint')}</p>
      <div class="actions">
        <label>
          <span class="unseen">{t('share.lifetime')}</span>
          <select
            value={lifetime}
            onChange={({ currentTarget }) =>
              setLifetime(lifetimes.find((known) => known === currentTarget.value) ?? '7d')
            }
          >
            {lifetimes.map((known) => (
              <option key={known} value={known}>
                {format.duration(Number(known.slice(0, -1)) * 86_400)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="button" disabled={task.isBusy} onClick={make}>
          {t('share.make')}
        </button>
        <button
          type="button"
          class="button quiet bad-text"
          disabled={task.isBusy}
          onClick={() => setAsking(true)}
        >
          {t('share.revoke')}
        </button>
      </div>
      {share !== undefined && <Made share={share} onCopied={() => setSaid('share.copied')} />}
      <p class="hint" role="status">
        {said !== undefined && t(said)}
      </p>
      <ProblemNotice problem={task.problem} />
      {isAsking && <RevokeDialog onYes={revoke} onClose={() => setAsking(false)} />}
    </section>
  )
}

interface RevokeDialogProps {
  readonly onYes: () => void
  readonly onClose: () => void
}

const RevokeDialog = ({ onYes, onClose }: RevokeDialogProps) => {
  const { t } = usePreferences()
  return (
    <Dialog
      title={t('share.revokeTitle')}
      yes={t('share.revokeYes')}
      no={t('steps.back')}
      isDangerous
      onYes={onYes}
      onClose={onClose}
    >
      <p>{t('share.revokeText')}</p>
    </Dialog>
  )
}

interface MadeProps {
  readonly share: ShareReply
  readonly onCopied: () => void
}

const Made = ({ share, onCopied }: MadeProps) => {
  const { t, format } = usePreferences()
  const address = new URL(share.url, location.href).href
  return (
    <div class="copied">
      <label class="field">
        <span>{t('share.until', { at: format.moment(share.expiresAt) })}</span>
        <input
          type="text"
          dir="ltr"
          readOnly
          value={address}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      </label>
      <button
        type="button"
        class="button"
        onClick={() => void navigator.clipboard.writeText(address).then(onCopied, () => undefined)}
      >
        {t('share.copy')}
      </button>
    </div>
  )
}
