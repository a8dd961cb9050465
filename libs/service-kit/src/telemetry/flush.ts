// The last spans of a process, sent before it ends.
import { setTimeout as delay } from 'node:timers/promises'

declare global {
  // The file of --import starts telemetry before any module of the service is loaded, and leaves its end here.
  var peykTelemetryShutdown: (() => Promise<void>) | undefined
}

const FLUSH_TIMEOUT_MS = 2_000

/** Sends what is left; a collector that does not answer costs two seconds at most. */
export async function flushTelemetry(): Promise<void> {
  const shutdown = globalThis.peykTelemetryShutdown
  globalThis.peykTelemetryShutdown = undefined
  if (shutdown === undefined) return
  const late = new AbortController()
  // Spans that cannot be delivered are lost by design: telemetry never decides the exit code.
  const flushed = shutdown().catch(() => undefined)
  const tooLate = delay(FLUSH_TIMEOUT_MS, undefined, { signal: late.signal }).catch(() => undefined)
  await Promise.race([flushed, tooLate])
  late.abort()
}
