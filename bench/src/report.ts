/** Prints one figure as a line of JSON, with what it should be where that was said: `<= 50`, `>= 3000`, and whether it is. */
export function report(name: string, value: number, unit: string, goal?: string): void {
  const isReached = goal === undefined ? undefined : reaches(value, goal)
  // For who only looks at the end: a figure that misses its goal is told by the exit status too.
  if (isReached === false) process.exitCode = 1
  console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit, goal, isReached }))
}

function reaches(value: number, goal: string): boolean | undefined {
  const [, sign, limit] = /^(<=|>=) ([\d.]+)/.exec(goal) ?? []
  if (sign === undefined) return undefined
  return sign === '<=' ? value <= Number(limit) : value >= Number(limit)
}

/** The value below which the given share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
