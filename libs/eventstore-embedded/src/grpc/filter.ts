import type { EventKey } from '../store/types.ts'
import { invalidArgument } from './errors.ts'
import type { Streams } from './protocol.ts'

type FilterOptions = Streams.ReadReq.Options.FilterOptions
type Expression = Streams.ReadReq.Options.FilterOptions.Expression

/** Events that a filtered subscription looks through for one unit of its checkpoint interval. */
const DEFAULT_WINDOW = 32

/** Whether a reader wants an event. */
export type KeyFilter = (key: EventKey) => boolean

export function keyFilterOf(options: FilterOptions): KeyFilter {
  const byStream = options.getStreamIdentifier()
  if (byStream !== undefined) {
    const matches = textMatcher(byStream)
    return (key) => matches(key.stream)
  }
  const byType = options.getEventType()
  if (byType === undefined) throw invalidArgument('a filter names a stream or an event type')
  const matches = textMatcher(byType)
  return (key) => matches(key.type)
}

/** After how many events looked at a filtered subscription says how far it is. */
export function checkpointIntervalOf(options: FilterOptions): number {
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW
  return Math.max(1, window) * Math.max(1, options.getCheckpointintervalmultiplier())
}

function textMatcher(expression: Expression): (text: string) => boolean {
  const pattern = expression.getRegex()
  if (pattern !== '') {
    const regex = compile(pattern)
    return (text) => regex.test(text)
  }
  const prefixes = expression.getPrefixList()
  return (text) => prefixes.some((prefix) => text.startsWith(prefix))
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch {
    throw invalidArgument('the filter is not a regular expression')
  }
}
