// What the tests of pacing look at, and their chance.

/** The most that any window of this length holds; the times are in order. */
export const most = (times: readonly number[], windowMs: number): number => {
  let from = 0
  return times.reduce((max, atMs, index) => {
    while ((times[from] ?? atMs) <= atMs - windowMs) from += 1
    return Math.max(max, index - from + 1)
  }, 0)
}

/** mulberry32: the same seed, the same chances. */
export const chances = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
