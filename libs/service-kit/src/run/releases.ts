// What was opened is closed in reverse order, each once, whatever the others do.
import type { Log } from '../log/logger.ts'

export type Release = () => unknown

export class Releases {
  private readonly open: { readonly name: string; readonly release: Release }[] = []
  private readonly log: Log
  private current: string | undefined
  private finished: Promise<number> | undefined

  constructor(log: Log) {
    this.log = log
  }

  /** What is being released at this moment: named when the deadline passes. */
  get releasing(): string | undefined {
    return this.current
  }

  /** Whoever opens something registers its release at once. After the release of all it is released immediately. */
  add(name: string, release: Release): void {
    if (this.finished === undefined) this.open.push({ name, release })
    else void this.finished.then(() => this.release({ name, release }))
  }

  /** Releases last-in first-out, once; a second call gets the same result: the number of releases that failed. */
  releaseAll(): Promise<number> {
    this.finished ??= this.unwind()
    return this.finished
  }

  private async unwind(): Promise<number> {
    let failures = 0
    for (let next = this.open.pop(); next; next = this.open.pop())
      failures += (await this.release(next)) ? 0 : 1
    return failures
  }

  private async release({ name, release }: { name: string; release: Release }): Promise<boolean> {
    this.current = name
    try {
      await release()
      return true
    } catch (error) {
      this.log.error({ release: name, error }, 'release_failed')
      return false
    } finally {
      this.current = undefined
    }
  }
}
