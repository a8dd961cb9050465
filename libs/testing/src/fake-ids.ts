/** Makes valid UUIDs (version 4) that count up: `00000001-0000-4000-8000-000000000001`, ... A seed keeps makers apart. */
export const fakeIds = (seed = 1): (() => string) => {
  let count = 0
  return () => {
    count += 1
    return `${hex(seed, 8)}-0000-4000-8000-${hex(count, 12)}`
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
