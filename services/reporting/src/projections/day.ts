// The day of an instant where the tenants live.

const QUARTER_HOUR_MS = 15 * 60_000
const MAX_KEPT = 10_000

/** Remembers days by the quarter of an hour, of which every time zone's offset is a multiple: asking `Intl` is slow. */
export const dayIn = (timeZone: string): ((ms: number) => string) => {
  // Sweden's way of writing a date is ISO 8601.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' })
  const kept = new Map<number, string>()
  return (ms) => {
    const quarter = Math.floor(ms / QUARTER_HOUR_MS)
    const known = kept.get(quarter)
    if (known !== undefined) return known
    if (kept.size >= MAX_KEPT) kept.clear()
    const day = format.format(quarter * QUARTER_HOUR_MS)
    kept.set(quarter, day)
    return day
  }
}
