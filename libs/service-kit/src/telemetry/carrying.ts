// Tracing without a collector: traces keep their ids, which logs and headers name, and nothing is recorded.
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation'
import { AlwaysOffSampler, NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

/** Returns what ends it. */
export function startTracing(instrumentations: Instrumentation[]): () => Promise<void> {
  const provider = new TracerProvider({
    sampler: new AlwaysOffSampler(),
    spanProcessors: [new NoopSpanProcessor()],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
  )
  trace.setGlobalTracerProvider(provider)
  registerInstrumentations({ instrumentations, tracerProvider: provider })
  return () => provider.shutdown()
}
