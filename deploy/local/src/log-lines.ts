// One log for all: who said it, when, how bad, what, and the fields.

const WIDTH = 10
const known = new Set([
  'level',
  'time',
  'msg',
  'service',
  'pid',
  'hostname',
  'trace_id',
  'span_id',
  'trace_flags',
])

/** A JSON line of a service for people; any other line as it is. */
export const readableLine = (name: string, line: string): string => {
  const prefix = name.padEnd(WIDTH)
  const entry = parse(line)
  if (entry === undefined) return `${prefix}| ${line}`
  const fields = Object.entries(entry).filter(([key]) => !known.has(key))
  const rest = fields.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(fields))}`
  return `${prefix}| ${String(entry['level']).padEnd(5)} ${String(entry['msg'])}${rest}`
}

const parse = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    const entry = JSON.parse(line) as Record<string, unknown>
    return 'msg' in entry ? entry : undefined
  } catch {
    return undefined
  }
}
