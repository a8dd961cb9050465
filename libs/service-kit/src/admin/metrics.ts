// The metrics of a process, in OpenMetrics (with exemplars) and in the older text format.
import { collectDefaultMetrics, type OpenMetricsContentType, Registry } from 'prom-client'

/** What services register their metrics in: `new Counter({ ..., registers: [metrics] })`. */
export type Metrics = Registry<OpenMetricsContentType>

/** A gauge must not end in `_total` (promtool); each of these exists without it, by type. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** A registry with the metrics of the Node process in it. */
export function createMetrics(): Metrics {
  const metrics = new Registry<OpenMetricsContentType>()
  metrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  collectDefaultMetrics({ register: metrics })
  for (const name of misnamed) metrics.removeSingleMetric(name)
  return metrics
}

/**
 * OpenMetrics text in the format of older scrapers: counters carry their whole name, there are no exemplars. (A registry
 * of prom-client renames its counters for good when it is read as OpenMetrics, so it cannot be asked for both.)
 */
export function toPrometheusText(openMetrics: string): string {
  const counters = new Set(
    [...openMetrics.matchAll(/^# TYPE (\S+) counter$/gm)].flatMap(([, name]) =>
      name === undefined ? [] : [name],
    ),
  )
  return openMetrics
    .replaceAll(/^# (HELP|TYPE) (\S+)/gm, (line: string, kind: string, name: string) =>
      counters.has(name) ? `# ${kind} ${name}_total` : line,
    )
    .replaceAll(/ # \{[^}\n]*\} \S+ \S+$/gm, '')
    .replace(/# EOF\n$/, '')
}
