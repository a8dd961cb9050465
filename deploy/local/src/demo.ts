// `npm run demo`: a whole campaign through the public door only, from a file to a report, with a live progress bar.
import { createWriteStream, openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { CampaignFeed } from '@peyk/client'
import type { ImportReply, ReportReply } from '@peyk/contracts'

import { readCommandLine } from './command-line.ts'

const HELP = `npm run demo -- [--url http://localhost:3000] [--interval 5s] [--yes]

Runs a campaign on a stack that \`npm start\` has started: creates it, imports examples/recipients.csv, links a number,
starts, shows it live, and saves the report as an xlsx file. --yes starts without asking.`

const { values } = readCommandLine(
  {
    options: {
      url: { type: 'string', default: 'http://localhost:3000' },
      interval: { type: 'string' },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

const RECIPIENTS = join(import.meta.dirname, '../../../examples/recipients.csv')
const REPORT = 'peyk-demo-report.xlsx'
const MESSAGE = 'سلام {{name}} عزیز! 🚚\nاین یک پیام آزمایشی از پیک است.'
const FAST_INTERVAL = '0.05s'
const SLOW_INTERVAL = '5s'
/** Longer than this is worth a question. */
const PATIENCE_SECONDS = 60

const main = async (): Promise<void> => {
  if (values.help) {
    console.log(HELP)
    return
  }
  const id = await createCampaign()
  await importRecipients(id)
  const feed = openFeed(id)
  await link(id, feed)
  await pace(id)
  if (!(await agreed(id))) {
    feed.close()
    return
  }
  await post(`/api/campaigns/${id}/start`)
  console.log('Started.')
  await feed.completed
  feed.close()
  await report(id)
}

const createCampaign = async (): Promise<number> => {
  const { campaign } = (await post('/api/campaigns', { title: 'نمایش پیک', message: MESSAGE })) as {
    campaign: { id: number }
  }
  console.log(`Created campaign ${campaign.id}.`)
  return campaign.id
}

const importRecipients = async (id: number): Promise<void> => {
  const form = new FormData()
  form.append('recipientsFile', await openAsBlob(RECIPIENTS, { type: 'text/csv' }), 'recipients.csv')
  const reply = (await call('POST', `/api/campaigns/${id}/recipients`, form)) as { import: ImportReply }
  const { accepted, rejected, duplicates } = reply.import
  console.log(
    `Imported examples/recipients.csv: ${accepted} accepted, ${rejected} rejected, ${duplicates} duplicates.`,
  )
}

/** The test server's phone scans the QR by itself. */
const link = async (id: number, feed: LiveFeed): Promise<void> => {
  const { isConnected } = (await post(`/api/campaigns/${id}/qr-code`)) as { isConnected?: boolean }
  if (isConnected !== true) {
    console.log('Linking a WhatsApp number: waiting for the QR code to be scanned ...')
    await feed.ready
  }
  console.log('WhatsApp is connected.')
}

/** As fast as the stack allows, unless an interval was asked for. */
const pace = async (id: number): Promise<void> => {
  const path = `/api/campaigns/${id}/interval`
  const interval = values.interval ?? FAST_INTERVAL
  const answer = await send('PUT', path, JSON.stringify({ interval }))
  if (answer.ok) return
  if (values.interval !== undefined) await fail('PUT', path, answer)
  await call('PUT', path, JSON.stringify({ interval: SLOW_INTERVAL }))
}

const agreed = async (id: number): Promise<boolean> => {
  const { estimate } = (await call('GET', `/api/campaigns/${id}/estimate`)) as {
    estimate: { seconds: number }
  }
  if (estimate.seconds <= PATIENCE_SECONDS) return true
  console.log(`With this pacing it takes about ${Math.ceil(estimate.seconds / 60)} minutes.`)
  console.log('For a demonstration in seconds, restart with: npm start -- --fast')
  if (values.yes) return true
  if (!process.stdin.isTTY) throw new Error('not started: add --yes to start it all the same')
  const question = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await question.question('Start it all the same? [y/N] ')
  question.close()
  return /^y(es)?$/i.test(answer.trim())
}

interface LiveFeed {
  readonly ready: Promise<void>
  readonly completed: Promise<void>
  readonly close: () => void
}

/** The client library that a page would use too. A connection that broke comes back, with the newest state. */
const openFeed = (id: number): LiveFeed => {
  const ready = Promise.withResolvers<undefined>()
  const completed = Promise.withResolvers<undefined>()
  ready.promise.catch(() => undefined)
  completed.promise.catch(() => undefined)
  const feed = new CampaignFeed({ url: values.url, campaignId: id, userId: 1 })
  feed.on('campaign_update', ({ status, progress }) => {
    if (status === 'RUNNING') bar(progress.sent, progress.failed, progress.total, '')
  })
  feed.on('progress_update', ({ progress }) => bar(progress.sent, 0, progress.total, progress.current))
  feed.on('status_update', ({ status }) => {
    if (status === 'ready') ready.resolve(undefined)
  })
  feed.on('error_update', ({ error }) => line(error))
  feed.on('qr_code', () => line('A QR code is there (the test phone scans it by itself).'))
  feed.on('completion_update', ({ report: { status, totalSent, totalFailed } }) => {
    line(`${status}: ${totalSent} sent, ${totalFailed} not sent`)
    completed.resolve(undefined)
  })
  feed.on('stopped', ({ why }) => {
    const lost = new Error(`the live feed ended: ${why}; is the stack still running?`)
    ready.reject(lost)
    completed.reject(lost)
  })
  feed.connect()
  return { ready: ready.promise, completed: completed.promise, close: () => feed.close() }
}

const BAR_WIDTH = 40
const known = { sent: 0, failed: 0 }

const bar = (sent: number, failed: number, total: number, current: string): void => {
  known.sent = Math.max(known.sent, sent)
  known.failed = Math.max(known.failed, failed)
  const done = Math.round(((known.sent + known.failed) / Math.max(1, total)) * BAR_WIDTH)
  const text = `[${'#'.repeat(done)}${'.'.repeat(BAR_WIDTH - done)}] ${known.sent}/${total} sent ${current}`
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`)
}

const line = (text: string): void => console.log(process.stdout.isTTY ? `\r\u001b[K${text}` : text)

const report = async (id: number): Promise<void> => {
  const reply = (await call('GET', `/api/campaigns/${id}/report`)) as ReportReply
  for (const { reason, count } of reply.reasons) console.log(`  ${count} ${reason}`)
  const answer = await send('GET', `/api/campaigns/${id}/report/download?format=xlsx`)
  if (!answer.ok || answer.body === null)
    throw new Error(`the report could not be downloaded (${answer.status})`)
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(REPORT))
  console.log(`Report: ${values.url}${reply.report.reportUrl} and ${REPORT}`)
}

const post = (path: string, body: object = {}) => call('POST', path, JSON.stringify(body))

const send = (method: string, path: string, body?: string | FormData): Promise<Response> =>
  fetch(new URL(path, values.url), {
    method,
    ...(body === undefined ? {} : { body }),
    ...(typeof body === 'string' ? { headers: { 'content-type': 'application/json' } } : {}),
  })

const call = async (method: string, path: string, body?: string | FormData): Promise<unknown> => {
  const answer = await send(method, path, body)
  if (!answer.ok) await fail(method, path, answer)
  return answer.json()
}

const fail = async (method: string, path: string, answer: Response): Promise<never> => {
  throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
}

try {
  await main()
} catch (error) {
  const isRefused = error instanceof TypeError && error.message === 'fetch failed'
  console.error(
    isRefused ? `Nothing answers at ${values.url}. Start Peyk first: npm start -- --fast` : String(error),
  )
  process.exitCode = 1
}
