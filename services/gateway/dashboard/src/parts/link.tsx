// A link within the dashboard: no new page, but a real address for new tabs and for who goes back.
import type { ComponentChildren } from 'preact'

import { navigate } from '../router.ts'

interface LinkProps {
  readonly to: string
  readonly class?: string
  /** It leads to where one is. */
  readonly isCurrent?: boolean
  readonly children: ComponentChildren
}

export const Link = ({ to, class: name = '', isCurrent = false, children }: LinkProps) => (
  <a
    href={to}
    class={name}
    aria-current={isCurrent ? 'page' : undefined}
    onClick={(event) => {
      const isPlain =
        event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      if (!isPlain) return
      event.preventDefault()
      navigate(to)
    }}
  >
    {children}
  </a>
)
