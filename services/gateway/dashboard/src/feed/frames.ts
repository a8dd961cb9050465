// What comes in between two pictures of the screen is handed over at once, so that each picture is drawn once.

/** A page that is not looked at draws no pictures, and has to know all the same. */
const HIDDEN_MS = 250

export interface Frames<Item> {
  readonly put: (item: Item) => void
  /** Nothing is handed over any more. */
  readonly stop: () => void
}

export const perFrame = <Item>(hand: (items: readonly Item[]) => void): Frames<Item> => {
  let waiting: Item[] = []
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    waiting = []
  }
  const flush = () => {
    const items = waiting
    stop()
    hand(items)
  }
  return {
    put: (item) => {
      waiting.push(item)
      if (waiting.length > 1) return
      frame = requestAnimationFrame(flush)
      timer = setTimeout(flush, HIDDEN_MS)
    },
    stop,
  }
}
