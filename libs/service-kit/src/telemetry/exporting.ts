// Tracing with a collector: spans are redacted, batched and sent by OTLP over HTTP.
import { getNumberFromEnv } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import {
  hostDetector,
  resourceAttributesEnvDetector,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'

import { RedactingSpanProcessor } from './redacting-span-processor.ts'

/** OTEL_SERVICE_NAME, else the folder of the service. */
function serviceName(): string {
  const [, folder = 'peyk'] = /services\/([^/]+)\/src\//.exec(process.argv[1] ?? '') ?? []
  return process.env['OTEL_SERVICE_NAME'] ?? folder
}

/** The SDK reads OTEL_BSP_SCHEDULE_DELAY only for processors that it makes itself. */
function batching(): { readonly scheduledDelayMillis?: number } {
  const scheduledDelayMillis = getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY')
  return scheduledDelayMillis === undefined ? {} : { scheduledDelayMillis }
}

/** Returns what sends the rest and ends it. */
export function startTracing(instrumentations: Instrumentation[]): () => Promise<void> {
  const sdk = new NodeSDK({
    serviceName: serviceName(),
    resourceDetectors: [resourceAttributesEnvDetector, serviceInstanceIdDetector, hostDetector],
    instrumentations,
    // Metrics are prom-client's and logs are pino's: empty lists, or the SDK would send both.
    metricReaders: [],
    logRecordProcessors: [],
    spanProcessors: [
      new RedactingSpanProcessor(),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...batching() }),
    ],
  })
  sdk.start()
  return () => sdk.shutdown()
}
