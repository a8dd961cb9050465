// The charts of the report page as SVG: no script, no style attribute, read by screen readers through their titles.
import type { Timeline } from '../store/timeline.ts'
import type { Format } from './format.ts'
import { html, type Html } from './html.ts'

const WIDTH = 640

interface Bar {
  readonly label: string
  readonly count: number
  /** A class of the style sheet. */
  readonly color: string
}

const ROW = 30
const LABEL_WIDTH = 220
const VALUE_WIDTH = 70

/** A bar for each count; they begin where a line of text begins. */
export const barChart = (title: string, bars: readonly Bar[], format: Format): Html => {
  const most = Math.max(1, ...bars.map(({ count }) => count))
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
  const place = (start: number, width: number) => (format.direction === 'rtl' ? WIDTH - start - width : start)
  const rows = bars.map(({ label, count, color }, index) => {
    const width = Math.max(count > 0 ? 2 : 0, Math.round((count / most) * room))
    const middle = index * ROW + 20
    return html`<text class="label" x="${place(0, 0)}" y="${middle}">${label}</text
      ><rect
        class="${color}"
        x="${place(LABEL_WIDTH, width)}"
        y="${index * ROW + 6}"
        width="${width}"
        height="20"
        rx="3"
      /><text x="${place(LABEL_WIDTH + width + 8, 0)}" y="${middle}">${format.number(count)}</text>`
  })
  return html`<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW}" role="img" direction="${format.direction}">
    <title>${title}</title>
    ${rows}
  </svg>`
}

const HEIGHT = 220
const EDGE = { top: 16, bottom: 34, start: 64, end: 16 }

/** Lines that only rise: how many were sent, delivered and read by then. Time runs from left to right in both languages. */
export const timelineChart = (
  title: string,
  timeline: Timeline,
  labels: Readonly<Record<'sent' | 'delivered' | 'read', string>>,
  format: Format,
): Html => {
  const { startMs, endMs, points } = timeline
  const most = Math.max(1, points.at(-1)?.sent ?? 0)
  const x = (ms: number) =>
    EDGE.start + ((ms - startMs) / Math.max(1, endMs - startMs)) * (WIDTH - EDGE.start - EDGE.end)
  const y = (count: number) => HEIGHT - EDGE.bottom - (count / most) * (HEIGHT - EDGE.top - EDGE.bottom)
  const line = (step: 'sent' | 'delivered' | 'read') => {
    const path = points.map((point) => `${x(point.atMs).toFixed(1)},${y(point[step]).toFixed(1)}`).join(' ')
    return html`<polyline class="line-${step}" points="${path}" />`
  }
  const grid = [...new Set([0, Math.round(most / 2), most])].map(
    (count) =>
      html`<line
          class="grid"
          x1="${EDGE.start}"
          x2="${WIDTH - EDGE.end}"
          y1="${y(count)}"
          y2="${y(count)}"
        /><text class="axis end" x="${EDGE.start - 8}" y="${y(count) + 4}">${format.number(count)}</text>`,
  )
  const legend = (['sent', 'delivered', 'read'] as const).map(
    (step) => html`<li><span class="dot ${step}"></span>${labels[step]}</li>`,
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" direction="ltr">
      <title>${title}</title>
      ${grid} ${(['sent', 'delivered', 'read'] as const).map(line)}
      <text class="axis" x="${EDGE.start}" y="${HEIGHT - 10}">${format.shortInstant(startMs)}</text>
      <text class="axis end" x="${WIDTH - EDGE.end}" y="${HEIGHT - 10}">${format.shortInstant(endMs)}</text>
    </svg>
    <ul class="legend">
      ${legend}
    </ul>`
}
