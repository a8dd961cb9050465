// Starts tracing before the service is loaded: `node --import @peyk/service-kit/register src/main.ts`. W3C trace context is
// always carried on; spans are recorded and sent only if OTEL_EXPORTER_OTLP_ENDPOINT is set.
import { register } from 'node:module'

import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'

import './flush.ts'

// Only Node's http is instrumented, so only it goes through the hook: the start stays fast.
// The hook that runs in this thread (registerHooks) leaves named imports of node:http as they are, tried with 3.6.0.
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor does not do it yet
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: ['http', 'https'] } })

const operatorsPaths = /^\/(livez|readyz|metrics|healthz)$/
const http = new HttpInstrumentation({
  // A connection that lives for days (a phone's) has no parent: all that came over it would be one trace.
  requireParentforOutgoingSpans: true,
  ignoreIncomingRequestHook: (request) => operatorsPaths.test(request.url ?? ''),
})

// The SDK takes half a second of CPU and 20 MB to load: without a collector only its core is.
const isExporting = (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== ''
const { startTracing } = await (isExporting ? import('./exporting.ts') : import('./carrying.ts'))
globalThis.peykTelemetryShutdown = startTracing([http])
