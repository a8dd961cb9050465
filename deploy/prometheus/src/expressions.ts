// Every PromQL expression that we ship, and the metrics that they name.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { parse } from 'yaml'

import { dashboards } from '../../grafana/src/dashboards.ts'

export interface Expression {
  /** Where it stands, for a message that says what to mend. */
  readonly source: string
  readonly expr: string
}

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const folder = join(import.meta.dirname, '..')

/** The rules of a file of this folder. */
export const readRules = async (file: string): Promise<readonly Rule[]> => {
  const { groups } = parse(await readFile(join(folder, file), 'utf8')) as {
    groups: readonly { rules: readonly Rule[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}

/** `interval` stands for Grafana's own variable. */
export const dashboardExpressions = (interval: string): readonly Expression[] =>
  dashboards.flatMap(({ title, rows }) =>
    rows
      .flatMap(({ panels }) => panels)
      .flatMap((panel) =>
        panel.queries.map(({ expr }) => ({
          source: `${title} / ${panel.title}`,
          expr: expr.replaceAll('$__rate_interval', interval),
        })),
      ),
  )

export const ruleExpressions = async (): Promise<readonly Expression[]> => {
  const rules = await Promise.all(['recording-rules.yml', 'alerts.yml'].map(readRules))
  return rules.flat().map(({ alert, record, expr }) => ({ source: alert ?? record ?? 'a rule', expr }))
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset'])
/** Strings, selectors, ranges, and the label lists of aggregations: all that holds words that are no metrics. */
const NO_METRICS = [
  /"[^"]*"/g,
  /\{[^}]*\}/g,
  /\[[^\]]*\]/g,
  /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g,
  /\b\d[\d.]*(?:e[+-]?\d+|[smhdwy])?\b/g,
]

/** The metrics that an expression names; promtool has said that it is one. */
export const metricNames = (expr: string): readonly string[] => {
  const bare = NO_METRICS.reduce((text, pattern) => text.replaceAll(pattern, ' '), expr)
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()(?![\w:])/g)].map(([word]) => word)
  return [...new Set(words.filter((word) => !KEYWORDS.has(word)))]
}

/** What Prometheus makes by itself: recording rules, and `up`. */
const isMadeByPrometheus = (name: string) => name.includes(':') || name === 'up'

/** The metrics that services have to have for our dashboards and alerts. */
export const metricsInUse = async (): Promise<ReadonlySet<string>> => {
  const all = [...dashboardExpressions('1m'), ...(await ruleExpressions())]
  return new Set(all.flatMap(({ expr }) => metricNames(expr)).filter((name) => !isMadeByPrometheus(name)))
}

/** The names of a scrape in the text format: also of a counter with labels that has not counted yet. */
export const metricsInScrape = (scrape: string): ReadonlySet<string> =>
  new Set([...scrape.matchAll(/^(?:# TYPE )?([a-zA-Z_:][\w:]*)[ {]/gm)].flatMap(([, name]) => name ?? []))
