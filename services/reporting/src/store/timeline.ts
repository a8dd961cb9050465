// How a campaign went on: how many were sent, delivered and read by when.
import type { CampaignId } from '@peyk/contracts'
import type { ReadModelDatabase } from '@peyk/read-model'

export interface TimelinePoint {
  readonly atMs: number
  readonly sent: number
  readonly delivered: number
  readonly read: number
}

export interface Timeline {
  readonly startMs: number
  readonly endMs: number
  /** In order of time; counts only grow. */
  readonly points: readonly TimelinePoint[]
}

const POINTS = 60
const steps = ['sent', 'delivered', 'read'] as const

export const timelineQuery = (database: ReadModelDatabase): ((id: CampaignId) => Timeline | undefined) => {
  const span = database.prepare<[number], { startMs: number | null; endMs: number | null }>(
    `select min(sent_at) as startMs, max(ifnull(read_at, ifnull(delivered_at, sent_at))) as endMs
     from outcomes where campaign_id = ?`,
  )
  const buckets = steps.map((step) =>
    database.prepare<[{ id: number; startMs: number; widthMs: number }], { bucket: number; count: number }>(
      // A receipt of another clock may be from before the first send.
      `select max(0, (${step}_at - @startMs) / @widthMs) as bucket, count(*) as count from outcomes
       where campaign_id = @id and ${step}_at is not null group by 1`,
    ),
  )
  return (id) => {
    const { startMs, endMs } = span.get(id) ?? { startMs: null, endMs: null }
    if (startMs === null || endMs === null) return undefined
    const widthMs = Math.max(1, Math.ceil((endMs - startMs + 1) / POINTS))
    const counts = buckets.map((query) => {
      const found = new Map(query.all({ id, startMs, widthMs }).map(({ bucket, count }) => [bucket, count]))
      return (bucket: number) => found.get(bucket) ?? 0
    })
    const sums = [0, 0, 0]
    const points = [{ atMs: startMs, sent: 0, delivered: 0, read: 0 }]
    for (let bucket = 0; bucket < POINTS; bucket += 1) {
      const [sent = 0, delivered = 0, read = 0] = counts.map(
        (count, step) => (sums[step] = (sums[step] ?? 0) + count(bucket)),
      )
      points.push({ atMs: Math.min(endMs, startMs + (bucket + 1) * widthMs), sent, delivered, read })
    }
    return { startMs, endMs, points }
  }
}
