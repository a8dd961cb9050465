/** A clock that stands still until it is moved. */
export interface FakeClock {
  readonly now: () => Date
  readonly advance: (ms: number) => void
}

export const fakeClock = (start = '2024-01-01T10:00:00.000Z'): FakeClock => {
  let nowMs = Date.parse(start)
  return {
    now: () => new Date(nowMs),
    advance: (ms) => {
      nowMs += ms
    },
  }
}
