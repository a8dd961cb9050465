/** A CredentialStore in memory, for tests. */
import { CredentialsFencedError, type CredentialStore } from './channel.ts'

export class MemoryCredentials implements CredentialStore {
  readonly records = new Map<string, Uint8Array>()
  /** Set to refuse every further write: as fenced, or with an error of your own. */
  failure: Error | undefined

  /** Somebody else owns the session from now on. */
  fence(): void {
    this.failure = new CredentialsFencedError('Another owner')
  }

  read(names: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    for (const name of names) {
      const record = this.records.get(name)
      if (record) found.set(name, record)
    }
    return Promise.resolve(found)
  }

  write(records: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    if (this.failure) return Promise.reject(this.failure)
    for (const [name, record] of records) {
      if (record) this.records.set(name, record)
      else this.records.delete(name)
    }
    return Promise.resolve()
  }
}
