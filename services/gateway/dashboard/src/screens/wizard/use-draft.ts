// The title and the message as they are typed: those of a draft are saved when the typing rests, and a change that somebody
// else has made meanwhile is not overwritten; those of a campaign that is not there yet are kept in the tab.
import { characterCount, MAX_MESSAGE_CHARACTERS } from '@peyk/contracts/message-template'
import { useRef, useState } from 'preact/hooks'

import { api, ApiProblem, type Campaign } from '../../api.ts'
import { type Saved, useSaved } from '../../use-saved.ts'

export interface Draft {
  readonly title: string
  readonly message: string
}

interface TypedDraft extends Draft {
  readonly type: (change: Partial<Draft>) => void
  readonly saved: Saved<Draft>
}

const KEPT = 'peyk.draft'
const blank: Draft = { title: '', message: '' }

export const useDraft = (campaign: Campaign | undefined): TypedDraft => {
  const [draft, setDraft] = useState<Draft>(() => campaign ?? keptDraft())
  const known = useRef(campaign)
  const saved = useSaved<Draft>(async ({ title, message }) => {
    const named = title.trim()
    if (known.current !== undefined && named !== '' && named !== known.current.title)
      known.current = await unlessChanged(known.current, (id, etag) => api.changeTitle(id, named, etag))
    if (known.current !== undefined && fits(message) && message !== known.current.message)
      known.current = await unlessChanged(known.current, (id, etag) => api.changeMessage(id, message, etag))
  })
  const type = (change: Partial<Draft>) => {
    const next = { title: draft.title, message: draft.message, ...change }
    setDraft(next)
    if (campaign === undefined) sessionStorage.setItem(KEPT, JSON.stringify(next))
    else saved.put(next)
  }
  return { title: draft.title, message: draft.message, type, saved }
}

/** The campaign was made of it. */
export const forgetDraft = (): void => sessionStorage.removeItem(KEPT)

const keptDraft = (): Draft => {
  const kept = sessionStorage.getItem(KEPT)
  return kept === null ? blank : (JSON.parse(kept) as Draft)
}

/** What a campaign may have as its message; anything else is said where it is typed. */
const fits = (message: string): boolean =>
  message.trim() !== '' && characterCount(message) <= MAX_MESSAGE_CHARACTERS

type Change = (id: number, etag: string | undefined) => Promise<Campaign>

/** Anything else of the campaign may be another by now, as its list of recipients: that hinders no text. */
const unlessChanged = async (known: Campaign, change: Change): Promise<Campaign> => {
  try {
    return await change(known.id, known.etag)
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'precondition_failed') throw error
    const now = await api.campaign(known.id)
    if (now.title !== known.title || now.message !== known.message) throw error
    return change(now.id, now.etag)
  }
}
