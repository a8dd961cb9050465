// Starts tracing before the service is loaded: `node --import @peyk/service-kit/register src/main.ts`. W3C trace context is
// always carried on; spans are recorded and sent only if OTEL_EXPORTER_OTLP_ENDPOINT is set.
import { register } from 'node:module'

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import {
  hostDetector,
  resourceAttributesEnvDetector,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { AlwaysOffSampler, BatchSpanProcessor, NoopSpanProcessor } from '@opentelemetry/sdk-trace'

import './flush.ts'
import { RedactingSpanProcessor } from './redacting-span-processor.ts'

// Only Node's http is instrumented, so only it goes through the hook: the start stays fast.
// The hook that runs in this thread (registerHooks) leaves named imports of node:http as they are, tried with 3.6.0.
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor does not do it yet
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: ['http', 'https'] } })

const operatorsPaths = /^\/(livez|readyz|metrics|healthz)$/
const isExporting = (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== ''
const [, serviceName = 'peyk'] = /services\/([^/]+)\/src\//.exec(process.argv[1] ?? '') ?? []

const sdk = new NodeSDK({
  serviceName: process.env['OTEL_SERVICE_NAME'] ?? serviceName,
  resourceDetectors: [resourceAttributesEnvDetector, serviceInstanceIdDetector, hostDetector],
  instrumentations: [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: (request) => operatorsPaths.test(request.url ?? ''),
    }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
  // Without a collector traces keep their ids (logs and headers name them) and nothing is recorded.
  ...(isExporting
    ? {
        spanProcessors: [
          new RedactingSpanProcessor(),
          new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
        ],
      }
    : { spanProcessors: [new NoopSpanProcessor()], sampler: new AlwaysOffSampler() }),
})
sdk.start()
globalThis.peykTelemetryShutdown = () => sdk.shutdown()
