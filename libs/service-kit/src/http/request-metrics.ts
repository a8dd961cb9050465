// Rate, errors and duration of requests, by route pattern: never by path, id or user.
import { trace } from '@opentelemetry/api'
import { Counter, Gauge, Histogram } from 'prom-client'

import type { Metrics } from '../admin/metrics.ts'

export interface RequestMetrics {
  /** A request begins; call the result at its end. */
  begin(): (end: { readonly method: string; readonly route: string; readonly status: number }) => void
  problem(route: string, code: string): void
}

export function createRequestMetrics(metrics: Metrics): RequestMetrics {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route pattern and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    enableExemplars: true,
    registers: [metrics],
  })
  const inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that are being answered.',
    registers: [metrics],
  })
  const problems = new Counter({
    name: 'http_problems_total',
    help: 'Problems that were answered, by their code.',
    labelNames: ['route', 'code'] as const,
    registers: [metrics],
  })
  return {
    begin() {
      const startedAt = performance.now()
      const span = trace.getActiveSpan()
      inFlight.inc()
      return ({ method, route, status }) => {
        inFlight.dec()
        const exemplar = span?.isRecording() === true ? { trace_id: span.spanContext().traceId } : {}
        duration.observe({
          labels: { method, route, status: String(status) },
          value: (performance.now() - startedAt) / 1_000,
          // prom-client's types take the labels of the metric here; an exemplar has its own
          exemplarLabels: exemplar as object,
        })
      }
    },
    problem: (route, code) => problems.inc({ route, code }),
  }
}
