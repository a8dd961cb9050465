/** Prints one figure as a line of JSON, with what it should be where that was said. */
export function report(name: string, value: number, unit: string, goal?: string): void {
  console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit, goal }))
}

/** The value below which the given share of the numbers lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
