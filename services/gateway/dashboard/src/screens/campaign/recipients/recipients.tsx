// Every recipient with what became of it. Only the rows in sight are drawn, so a hundred thousand scroll as ten do.
import type { RecipientReply, RecipientState } from '@peyk/contracts'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

import { keyOf } from '../../../i18n/translate.ts'
import { ProblemNotice } from '../../../parts/notices.tsx'
import { Phone } from '../../../parts/phone.tsx'
import { usePreferences } from '../../../preferences.tsx'
import { useRecipients } from './use-recipients.ts'

const states: readonly RecipientState[] = [
  'pending',
  'attempted',
  'sent',
  'delivered',
  'read',
  'replied',
  'failed',
  'skipped',
  'unconfirmed',
]
/** `--row` of the styles. */
const ROW_PX = 56
const SPARE_ROWS = 6

interface RecipientsProps {
  readonly id: number
  readonly turn: string
}

export const Recipients = ({ id, turn }: RecipientsProps) => {
  const { t } = usePreferences()
  const [status, setStatus] = useState<RecipientState>()
  return (
    <section class="card" aria-labelledby="recipients-title">
      <div class="heading">
        <h2 id="recipients-title">{t('recipients.all')}</h2>
        <label>
          <span class="unseen">{t('list.filter')}</span>
          <select
            value={status ?? ''}
            onChange={({ currentTarget }) => setStatus(states.find((known) => known === currentTarget.value))}
          >
            <option value="">{t('list.all')}</option>
            {states.map((known) => (
              <option key={known} value={known}>
                {t(`recipient.${known}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Rows key={status} id={id} turn={turn} status={status} />
    </section>
  )
}

const Rows = ({ id, turn, status }: RecipientsProps & { readonly status: RecipientState | undefined }) => {
  const { t, format } = usePreferences()
  const [seen, setSeen] = useState({ first: 0, last: 0 })
  const scroller = useRef<HTMLDivElement>(null)
  const { total, at, problem, retry } = useRecipients({ id, status, turn, ...seen })
  const look = () => {
    const { scrollTop = 0, clientHeight = 0 } = scroller.current ?? {}
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE_ROWS)
    const last = Math.ceil((scrollTop + clientHeight) / ROW_PX) + SPARE_ROWS
    if (first !== seen.first || last !== seen.last) setSeen({ first, last })
  }
  useLayoutEffect(look, [total])
  if (problem !== undefined) return <ProblemNotice problem={problem} onRetry={retry} />
  if (total === 0) return <p class="hint">{t('recipients.none')}</p>
  const first = Math.min(seen.first, Math.max(0, (total ?? 0) - 1))
  const rows = Array.from(
    { length: Math.max(0, Math.min(seen.last + 1, total ?? 0) - first) },
    (_, index) => first + index,
  )
  return (
    <>
      <p class="hint" role="status">
        {total !== undefined && t('recipients.count', { count: format.number(total) })}
      </p>
      <div
        ref={scroller}
        class="recipients"
        role="table"
        aria-label={t('recipients.all')}
        aria-rowcount={total ?? -1}
        tabIndex={0}
        onScroll={look}
      >
        <div class="recipients-space" role="rowgroup" style={{ blockSize: `${(total ?? 1) * ROW_PX}px` }}>
          {rows.map((row) => (
            <Row key={row} row={row} recipient={at(row)} />
          ))}
        </div>
      </div>
    </>
  )
}

interface RowProps {
  readonly row: number
  /** Undefined: it is on its way. */
  readonly recipient: RecipientReply | undefined
}

const Row = ({ row, recipient }: RowProps) => {
  const { t, format } = usePreferences()
  const place = { insetBlockStart: `${row * ROW_PX}px` }
  if (recipient === undefined)
    return (
      <div class="recipient" role="row" aria-rowindex={row + 1} style={place}>
        <span role="cell" class="hint">
          {format.number(row + 1)}
        </span>
        <span role="cell">…</span>
      </div>
    )
  const { position, phone, name, status, reason } = recipient
  const at = recipient.readAt ?? recipient.deliveredAt ?? recipient.sentAt
  return (
    <div class="recipient" role="row" aria-rowindex={row + 1} style={place}>
      <span role="cell" class="hint">
        {format.number(position)}
      </span>
      <span role="cell" class="recipient-who">
        {name !== null && <bdi>{name}</bdi>}
        <Phone number={phone} />
      </span>
      <span role="cell" class="recipient-state">
        <span class={`pill recipient-${status}`}>{t(`recipient.${status}`)}</span>
        {reason !== null && <span class="hint">{t(keyOf('reason', reason, 'reason.other'))}</span>}
      </span>
      <span role="cell" class="hint recipient-at">
        {at !== null && <time dateTime={at}>{format.moment(at)}</time>}
      </span>
    </div>
  )
}
