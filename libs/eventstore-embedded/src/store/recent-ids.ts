/** Where an event with this id went. */
export type RecentEvent = Readonly<{ stream: string; revision: number; position: number }>

/**
 * A bounded memory of the newest event ids, by which an append at any revision that is sent again is recognised.
 * Two maps take turns: when the newer one is full, the older one is dropped whole, so every step is O(1).
 */
export class RecentIds {
  private newer = new Map<string, RecentEvent>()
  private older = new Map<string, RecentEvent>()
  private readonly size: number

  /** Remembers at least the last `size` ids. */
  constructor(size: number) {
    this.size = size
  }

  get(id: string): RecentEvent | undefined {
    return this.newer.get(id) ?? this.older.get(id)
  }

  add(id: string, event: RecentEvent): void {
    if (this.newer.size >= this.size) {
      this.older = this.newer
      this.newer = new Map()
    }
    this.newer.set(id, event)
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.newer.delete(id)
      this.older.delete(id)
    }
  }
}
