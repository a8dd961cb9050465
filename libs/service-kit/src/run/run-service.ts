// The life of a process: read the settings, start, run, stop in reverse order, exit with a code.
import { setTimeout as delay } from 'node:timers/promises'

import type { z } from 'zod'

import { startAdminServer } from '../admin/admin-server.ts'
import { createMetrics, type Metrics } from '../admin/metrics.ts'
import { BadSettings, describeSettings, type Environment, readSettings } from '../config/read-settings.ts'
import { processSettings } from '../config/settings.ts'
import { createLogger, type Log } from '../log/logger.ts'
import { flushTelemetry } from '../telemetry/flush.ts'
import { type Readiness, ReadinessRegistry } from './readiness.ts'
import { type Release, Releases } from './releases.ts'

const EXIT_OK = 0
const EXIT_FAILED = 1
/** sysexits.h EX_CONFIG: a restart does not help. */
export const EXIT_BAD_SETTINGS = 78

/** What a service is given to start with. */
export interface Scope<Settings> {
  readonly settings: Settings
  readonly log: Log
  readonly metrics: Metrics
  readonly readiness: Readiness
  /** Aborted when the stop begins, also during the start. */
  readonly signal: AbortSignal
  /**
   * Registers the release of what was just opened. While a start is being stopped this throws after registering, so
   * that the start ends there.
   */
  readonly onStop: (name: string, release: Release) => void
  /** A part that cannot go on: the process stops in good order with exit code 1. */
  readonly fail: (error: unknown) => void
}

export interface ServiceDefinition<S extends z.ZodObject> {
  readonly name: string
  readonly adminPort: number
  readonly settings: S
  start(scope: Scope<z.output<S>>): void | Promise<void>
}

/** The process as the service sees it; tests pass their own. */
export interface Host {
  readonly environment: Environment
  readonly arguments: readonly string[]
  readonly on: (event: string, listener: (value: unknown) => void) => void
  readonly off: (event: string, listener: (value: unknown) => void) => void
  readonly exit: (code: number) => void
  readonly print: (text: string) => void
  readonly log?: Log
}

export interface RunningService {
  /** Resolves when the start is done or was stopped. */
  readonly started: Promise<void>
  /** Resolves with the exit code. */
  readonly stopped: Promise<number>
  /** May be called twice and during the start. */
  stop(reason?: string): Promise<number>
}

/** The start was stopped: thrown into it by `onStop`. */
export class StoppedDuringStart extends Error {
  override readonly name = 'StoppedDuringStart'
}

const thisProcess: Host = {
  environment: process.env,
  arguments: process.argv.slice(2),
  on: (event, listener) => void process.on(event, listener),
  off: (event, listener) => void process.off(event, listener),
  exit: (code) => process.exit(code),
  print: (text) => void process.stdout.write(text),
}

/** Runs a service until it is told to stop: the whole of a `main.ts`. */
export function runService<S extends z.ZodObject>(
  definition: ServiceDefinition<S>,
  host: Host = thisProcess,
): RunningService | undefined {
  const own = processSettings(definition)
  let settings: z.output<S>
  let processValues: z.output<typeof own>
  try {
    ;[processValues, settings] = readAll(own, definition.settings, host)
  } catch (error) {
    host.print(explain(definition.name, error))
    host.exit(EXIT_BAD_SETTINGS)
    return undefined
  }
  if (host.arguments.includes('--print-config')) {
    const shown = {
      ...describeSettings(own, processValues),
      ...describeSettings(definition.settings, settings),
    }
    host.print(`${JSON.stringify(shown, undefined, 2)}\n`)
    host.exit(EXIT_OK)
    return undefined
  }
  return new ServiceRun(definition, settings, processValues, host)
}

/** Both schemas are read before either complains, so that every bad key is named at once. */
function readAll<A extends z.ZodObject, B extends z.ZodObject>(
  first: A,
  second: B,
  host: Host,
): [z.output<A>, z.output<B>] {
  const faults: BadSettings['faults'][number][] = []
  const read = <S extends z.ZodObject>(schema: S): z.output<S> | undefined => {
    try {
      return readSettings(schema, host.environment)
    } catch (error) {
      if (!(error instanceof BadSettings)) throw error
      faults.push(...error.faults)
      return undefined
    }
  }
  const results = [read(first), read(second)] as const
  if (results[0] === undefined || results[1] === undefined) throw new BadSettings(faults)
  return [results[0], results[1]]
}

function explain(name: string, error: unknown): string {
  if (!(error instanceof BadSettings)) throw error
  const lines = error.faults.map((fault) => `  ${fault.key}: ${fault.message}\n`)
  return `${name} cannot start; wrong settings:\n${lines.join('')}`
}

class ServiceRun<S extends z.ZodObject> implements RunningService {
  readonly started: Promise<void>
  readonly stopped: Promise<number>
  private readonly host: Host
  private readonly log: Log
  private readonly releases: Releases
  private readonly readiness = new ReadinessRegistry()
  private readonly stopSignal = new AbortController()
  private readonly deadlineMs: number
  private settle: (code: number) => void = () => undefined
  private exitCode = EXIT_OK
  private isFinished = false

  constructor(
    definition: ServiceDefinition<S>,
    settings: z.output<S>,
    own: z.output<ReturnType<typeof processSettings>>,
    host: Host,
  ) {
    this.host = host
    this.log = host.log ?? createLogger({ name: definition.name, level: own.LOG_LEVEL })
    this.releases = new Releases(this.log)
    this.deadlineMs = own.STOP_DEADLINE
    this.stopped = new Promise((resolve) => {
      this.settle = resolve
    })
    this.listen()
    this.started = this.start(definition, settings, own)
  }

  stop(reason = 'asked'): Promise<number> {
    if (!this.stopSignal.signal.aborted) void this.unwind(reason)
    return this.stopped
  }

  private async unwind(reason: string): Promise<void> {
    this.log.info({ reason }, 'stopping')
    const deadline = setTimeout(() => this.deadlinePassed(), this.deadlineMs)
    this.readiness.stopping()
    this.stopSignal.abort(new StoppedDuringStart())
    // A start that does not look at its signal gets half of the time; what it opened by then is released all the same.
    await Promise.race([this.started, delay(this.deadlineMs / 2, undefined, { ref: false })])
    const failures = await this.releases.releaseAll()
    clearTimeout(deadline)
    this.finish(failures > 0 ? EXIT_FAILED : this.exitCode)
  }

  private async start(
    definition: ServiceDefinition<S>,
    settings: z.output<S>,
    own: z.output<ReturnType<typeof processSettings>>,
  ): Promise<void> {
    const { signal } = this.stopSignal
    const metrics = createMetrics()
    try {
      this.releases.add('telemetry', flushTelemetry)
      const admin = await startAdminServer({
        host: own.ADMIN_HOST,
        port: own.ADMIN_PORT,
        readiness: this.readiness,
        metrics,
      })
      this.releases.add('admin server', () => admin.close())
      signal.throwIfAborted()
      await definition.start({
        settings,
        log: this.log,
        metrics,
        readiness: this.readiness,
        signal,
        onStop: (name, release) => this.onStop(name, release),
        fail: (error) => this.fail(error, 'part_failed'),
      })
      if (signal.aborted) return
      this.readiness.started()
      this.log.info({ admin: admin.url }, 'started')
    } catch (error) {
      if (!signal.aborted) this.startFailed(definition.name, error)
      else if (!(error instanceof StoppedDuringStart)) this.log.info({ error }, 'start_interrupted')
    }
  }

  private startFailed(name: string, error: unknown): void {
    this.exitCode = EXIT_FAILED
    if (error instanceof BadSettings) {
      this.host.print(explain(name, error))
      this.exitCode = EXIT_BAD_SETTINGS
    } else this.log.error({ error }, 'start_failed')
    queueMicrotask(() => void this.stop('start_failed'))
  }

  private onStop(name: string, release: Release): void {
    this.releases.add(name, release)
    this.stopSignal.signal.throwIfAborted()
  }

  private fail(error: unknown, event: string): void {
    this.log.error({ error }, event)
    this.exitCode = EXIT_FAILED
    void this.stop(event)
  }

  private readonly onSignal = (signal: unknown) => void this.stop(String(signal))
  private readonly onUncaught = (error: unknown) => this.fail(error, 'uncaught_exception')
  private readonly onRejection = (error: unknown) => this.fail(error, 'unhandled_rejection')

  private listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) this.host.on(signal, this.onSignal)
    this.host.on('uncaughtException', this.onUncaught)
    this.host.on('unhandledRejection', this.onRejection)
  }

  private deadlinePassed(): void {
    this.log.error(
      { release: this.releases.releasing ?? 'start', afterMs: this.deadlineMs },
      'stop_deadline_passed',
    )
    this.finish(EXIT_FAILED)
  }

  private finish(code: number): void {
    if (this.isFinished) return
    this.isFinished = true
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) this.host.off(signal, this.onSignal)
    this.host.off('uncaughtException', this.onUncaught)
    this.host.off('unhandledRejection', this.onRejection)
    this.log.info({ code }, 'stopped')
    this.settle(code)
    this.host.exit(code)
  }
}
