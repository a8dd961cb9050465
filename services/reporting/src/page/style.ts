// The style sheet of the report page, known to its Content-Security-Policy by its hash.
import { createHash } from 'node:crypto'

export const style = `
:root { color-scheme: light; --ink: #1d2733; --faint: #5c6b7a; --line: #d9e0e7; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f8; color: var(--ink); font: 15px/1.7 Vazirmatn, "Segoe UI", Tahoma, "DejaVu Sans", sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 28px 24px; background: var(--paper); }
h1 { margin: 0; font-size: 24px; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 16px; }
header p, footer { color: var(--faint); margin: 4px 0 0; font-size: 13px; }
.badge { display: inline-block; padding: 1px 12px; border-radius: 12px; background: #e7ecf2; font-size: 13px; }
.badge.COMPLETED { background: #d8f0e0; } .badge.RUNNING { background: #d9e8fb; }
.badge.FAILED, .badge.CANCELLED { background: #f9dedc; } .badge.PAUSED { background: #fbecc8; }
dl.times { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 14px 0; font-size: 13px; }
dl.times div { display: flex; gap: 8px; } dt { color: var(--faint); } dd { margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 10px; margin: 16px 0; padding: 0; list-style: none; }
.cards li { border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.cards b { display: block; font-size: 24px; line-height: 1.4; } .cards small { color: var(--faint); }
section { border-top: 1px solid var(--line); padding: 18px 0; break-inside: avoid; }
svg { display: block; width: 100%; height: auto; } svg text { font-size: 13px; fill: var(--ink); } svg .axis { fill: var(--faint); font-size: 12px; } svg .end { text-anchor: end; }
polyline { fill: none; stroke-width: 2.5; } .grid { stroke: var(--line); }
.line-sent { stroke: #3b7dd8; } .line-delivered { stroke: #2f9e6e; } .line-read { stroke: #8456c4; }
.sent { fill: #3b7dd8; background: #3b7dd8; } .delivered { fill: #2f9e6e; background: #2f9e6e; } .read, .replied { fill: #8456c4; background: #8456c4; }
.pending, .attempted { fill: #a9b5c1; } .failed { fill: #cf4a40; } .skipped { fill: #d99a2b; } .unconfirmed { fill: #b9772c; }
.legend { display: flex; gap: 20px; margin: 6px 0 0; padding: 0; list-style: none; font-size: 13px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-inline-end: 6px; }
table { width: 100%; border-collapse: collapse; } th, td { text-align: start; padding: 6px 8px; border-bottom: 1px solid var(--line); } th { color: var(--faint); font-weight: 500; }
bdi { unicode-bidi: isolate; } pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
@page { size: A4; margin: 14mm; }
@media print { body { background: var(--paper); font-size: 12px; } main { max-width: none; padding: 0; } .cards { grid-template-columns: repeat(3, 1fr); } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`

const hash = createHash('sha256').update(style).digest('base64')

/** Nothing is loaded from elsewhere, no script runs, and the page is in no frame, no cache and no search engine. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-robots-tag': 'noindex, nofollow',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}
