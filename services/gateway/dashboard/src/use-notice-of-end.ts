// Who looks elsewhere is told by the browser when a campaign ends or stops.
import type { CampaignStatus } from '@peyk/contracts'
import { useEffect, useRef, useState } from 'preact/hooks'

const ends: readonly CampaignStatus[] = ['COMPLETED', 'CANCELLED', 'FAILED', 'PAUSED']

/** Tells `title` and `text` when `status` goes from running to an end while the page is not looked at. */
export const useNoticeOfEnd = (status: CampaignStatus, title: string, text: string): void => {
  const last = useRef(status)
  useEffect(() => {
    const wasRunning = last.current === 'RUNNING'
    last.current = status
    const mayTell = 'Notification' in window && Notification.permission === 'granted'
    if (wasRunning && ends.includes(status) && mayTell && !document.hasFocus())
      new Notification(title, { body: text })
  }, [status, title, text])
}

export interface Permission {
  /** The browser has not been asked yet. */
  readonly isOpen: boolean
  readonly ask: () => void
}

export const useNoticePermission = (): Permission => {
  const [state, setState] = useState(() => ('Notification' in window ? Notification.permission : 'denied'))
  return {
    isOpen: state === 'default',
    ask: () => void Notification.requestPermission().then(setState, () => setState('denied')),
  }
}
