/** The newest texts of a session, oldest forgotten first. */
export class RecentMessages {
  readonly #texts = new Map<string, string>()
  readonly #most: number

  constructor(most = 256) {
    this.#most = most
  }

  add(messageId: string, text: string): void {
    this.#texts.set(messageId, text)
    const [oldest] = this.#texts.keys()
    if (this.#texts.size > this.#most && oldest !== undefined) this.#texts.delete(oldest)
  }

  get(messageId: string): string | undefined {
    return this.#texts.get(messageId)
  }
}
