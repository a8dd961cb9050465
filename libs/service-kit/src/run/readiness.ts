// Is this process able to do its work now? Each part adds a named check; /readyz shows them all.
import { isError } from '../log/is-error.ts'

/** Nothing when all is well; a sentence that says what is missing otherwise. */
export type ReadinessCheck = () => string | undefined | Promise<string | undefined>

export interface CheckResult {
  readonly ok: boolean
  readonly detail?: string
  /** A check that tells, but does not make the process unready. */
  readonly informative?: true
}

export interface ReadinessReport {
  readonly ready: boolean
  readonly state: 'starting' | 'running' | 'stopping'
  readonly checks: Readonly<Record<string, CheckResult>>
}

export interface Readiness {
  /** An informative check appears in the body as `degraded` and does not turn /readyz red. */
  add(name: string, check: ReadinessCheck, options?: { readonly informative?: boolean }): void
}

const CHECK_TIMEOUT_MS = 2_000

export class ReadinessRegistry implements Readiness {
  private readonly checks = new Map<
    string,
    { readonly check: ReadinessCheck; readonly informative: boolean }
  >()
  private state: ReadinessReport['state'] = 'starting'

  add(name: string, check: ReadinessCheck, options: { readonly informative?: boolean } = {}): void {
    if (this.checks.has(name)) throw new TypeError(`there is a readiness check ${name} already`)
    this.checks.set(name, { check, informative: options.informative ?? false })
  }

  /** The start is done. A process that is stopping never becomes ready again. */
  started(): void {
    if (this.state === 'starting') this.state = 'running'
  }

  stopping(): void {
    this.state = 'stopping'
  }

  async report(): Promise<ReadinessReport> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, { check, informative }]) => {
        const detail = await resultOf(check)
        const result: CheckResult = {
          ok: detail === undefined,
          ...(detail === undefined ? {} : { detail }),
          ...(informative ? { informative: true as const } : {}),
        }
        return [name, result] as const
      }),
    )
    const ready =
      this.state === 'running' && results.every(([, { ok, informative }]) => ok || informative === true)
    return { ready, state: this.state, checks: Object.fromEntries(results) }
  }
}

async function resultOf(check: ReadinessCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS)
  })
  try {
    return await Promise.race([check(), late])
  } catch (error) {
    return isError(error) ? `${error.name}: ${error.message}` : 'failed'
  } finally {
    clearTimeout(timer)
  }
}
