// A question that waits for its answer: the browser's own modal dialog, so focus stays inside and Escape closes it.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface DialogProps {
  readonly title: string
  readonly yes: string
  readonly no: string
  readonly isDangerous?: boolean
  readonly isAllowed?: boolean
  readonly onYes: () => void
  readonly onClose: () => void
  readonly children: ComponentChildren
}

export const Dialog = ({ title, yes, no, onYes, onClose, children, ...how }: DialogProps) => {
  const { isDangerous = false, isAllowed = true } = how
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const answer = (event: Event) => {
    event.preventDefault()
    if (isAllowed) onYes()
  }
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={answer}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        <div class="actions">
          <button
            type="submit"
            class={isDangerous ? 'button danger' : 'button primary'}
            disabled={!isAllowed}
          >
            {yes}
          </button>
          <button type="button" class="button" onClick={onClose}>
            {no}
          </button>
        </div>
      </form>
    </dialog>
  )
}
