/** The version that the client calls itself; WhatsApp refuses old ones with 405. */
import { fetchLatestWaWebVersion, type WAVersion } from '@whiskeysockets/baileys'

const FETCH_TIMEOUT_MS = 10_000

/** Finds out the newest version; undefined when it cannot. */
export type LatestVersion = () => Promise<WAVersion | undefined>

/** Reads the newest version from WhatsApp's own site. */
export async function latestVersionOnline(): Promise<WAVersion | undefined> {
  const found = await fetchLatestWaWebVersion({ signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
  return found.isLatest ? found.version : undefined
}

/** The version in use: a fixed or built-in one, until WhatsApp calls it outdated. */
export class ClientVersion {
  readonly #latest: LatestVersion
  #version: WAVersion | undefined
  #isOutdated = false

  constructor(version: WAVersion | undefined, latest: LatestVersion) {
    this.#version = version
    this.#latest = latest
  }

  /** Undefined is the one built into Baileys, which is also what is left when no newer one can be found. */
  async current(): Promise<WAVersion | undefined> {
    if (this.#isOutdated) {
      this.#isOutdated = false
      this.#version = (await this.#latest()) ?? this.#version
    }
    return this.#version
  }

  markOutdated(): void {
    this.#isOutdated = true
  }
}
