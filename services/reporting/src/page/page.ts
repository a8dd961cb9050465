// The report as a page: rendered here, read without a script, printed on A4.
import type { RecipientState, ReportReply } from '@peyk/contracts'

import type { Timeline } from '../store/timeline.ts'
import { barChart, timelineChart } from './charts.ts'
import { type Format, formats } from './format.ts'
import { Html, html } from './html.ts'
import { style } from './style.ts'
import { type Language, type Words, words } from './words.ts'

export interface Page {
  readonly report: ReportReply
  /** Undefined when nothing was sent. */
  readonly timeline: Timeline | undefined
  readonly language: Language
  /** An instant; undefined: now. */
  readonly asOf: string | undefined
}

interface Part extends Page {
  readonly say: Words
  readonly format: Format
}

export const pageOf = (page: Page): string => {
  const part: Part = { ...page, say: words[page.language], format: formats[page.language] }
  const { report, language, say, format } = part
  // The style sheet stands as it is: its hash is in the policy.
  return html`<!doctype html>
    <html lang="${language}" dir="${format.direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex, nofollow" />
        <title>${report.campaign.title} · ${say.report}</title>
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          ${header(part)} ${cards(part)} ${overTime(part)} ${states(part)} ${reasons(part)} ${numbers(part)}
          ${message(part)}
          <footer>${say.receipts}</footer>
        </main>
      </body>
    </html>`.text
}

const header = ({ report: { campaign }, asOf, say, format }: Part): Html => {
  const when = (label: string, at: string | null) =>
    html`<div>
      <dt>${label}</dt>
      <dd>${at === null ? say.notYet : format.instant(at)}</dd>
    </div>`
  return html`<header>
    <h1><bdi>${campaign.title}</bdi></h1>
    <p>
      ${say.report} ${format.number(campaign.id)} ·
      <span class="badge ${campaign.status}">${say.status[campaign.status]}</span>
    </p>
    <dl class="times">
      ${when(say.created, campaign.createdAt)} ${when(say.started, campaign.startedAt)}
      ${when(say.completed, campaign.completedAt)} ${asOf === undefined ? '' : when(say.asOf, asOf)}
    </dl>
  </header>`
}

const cards = ({ report, say, format }: Part): Html => {
  const { campaign, totals, rates, speed } = report
  const card = (label: string, value: number, share?: number) =>
    html`<li>
      ${label}<b>${format.number(value)}</b> <small>${share === undefined ? '' : format.share(share)}</small>
    </li>`
  const { total, sent, delivered } = campaign.progress
  return html`<ul class="cards">
    ${card(say.recipients, total)} ${card(say.sentTotal, sent, total === 0 ? 0 : sent / total)}
    ${card(say.deliveredTotal, delivered, rates.delivered)}
    ${card(say.readTotal, totals.read + totals.replied, rates.read)}
    ${card(say.notSent, report.report.totalFailed, total === 0 ? 0 : report.report.totalFailed / total)}
    ${speed.perHour === null ? '' : card(say.perHour, speed.perHour)}
  </ul>`
}

const section = (title: string, body: Html): Html =>
  html`<section>
    <h2>${title}</h2>
    ${body}
  </section>`

const overTime = ({ timeline, say, format }: Part): Html => {
  const labels = { sent: say.sentTotal, delivered: say.deliveredTotal, read: say.readTotal }
  const chart =
    timeline === undefined
      ? html`<p>${say.nothingSent}</p>`
      : timelineChart(say.overTime, timeline, labels, format)
  return section(say.overTime, chart)
}

const states = ({ report: { totals }, say, format }: Part): Html => {
  const bars = Object.entries(totals)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => ({ label: say.state[state as RecipientState], count, color: state }))
  return section(say.byState, barChart(say.byState, bars, format))
}

const reasons = ({ report: { reasons: list }, say, format }: Part): Html => {
  if (list.length === 0) return section(say.byReason, html`<p>${say.noFailures}</p>`)
  const bars = list.map(({ state, reason, count }) => ({ label: say.reason[reason], count, color: state }))
  return section(say.byReason, barChart(say.byReason, bars, format))
}

const numbers = ({ report: { numbers: list }, say, format }: Part): Html => {
  if (list.length === 0) return html``
  const rows = list.map(
    ({ number, sent }) =>
      html`<tr>
        <td><bdi dir="ltr">${number ?? '—'}</bdi></td>
        <td>${format.number(sent)}</td>
      </tr>`,
  )
  return section(
    say.numbers,
    html`<table>
      <thead>
        <tr>
          <th>${say.number}</th>
          <th>${say.sentBy}</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
  )
}

const message = ({ report: { campaign }, say }: Part): Html =>
  section(say.message, html`<pre dir="auto">${campaign.message}</pre>`)
