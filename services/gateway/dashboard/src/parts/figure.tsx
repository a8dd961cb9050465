// One number with its name.
import type { ComponentChildren } from 'preact'

interface FigureProps {
  readonly label: string
  readonly tone?: 'good' | 'bad' | 'even'
  readonly children: ComponentChildren
}

export const Figure = ({ label, tone = 'even', children }: FigureProps) => (
  <div class={`figure ${tone}`}>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
)
