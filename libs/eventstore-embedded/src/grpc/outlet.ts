import type { ServerWritableStream } from '@grpc/grpc-js'

import type { Streams } from './protocol.ts'

/** How long a reader may keep the thread before others have their turn. */
const TURN_MS = 4

/** What a read sends is a message, or one that is encoded already. */
export type ReadCall = ServerWritableStream<Streams.ReadReq, Streams.ReadResp | Buffer>

/**
 * The way out to one reader. `send` gives a promise when the reader is slower than we are, and nothing is read
 * for it until that resolves: a slow reader holds a few messages, never a growing queue.
 */
export class Outlet {
  /** Aborts when the reader is gone or the server stops. */
  readonly signal: AbortSignal
  private open = true
  private readonly call: ReadCall
  private turnBegan = performance.now()

  constructor(call: ReadCall, stopping: AbortSignal) {
    const closing = new AbortController()
    const close = () => {
      stopping.removeEventListener('abort', close)
      this.open = false
      closing.abort()
    }
    for (const event of ['cancelled', 'close', 'error']) call.on(event, close)
    stopping.addEventListener('abort', close, { once: true })
    this.call = call
    this.signal = closing.signal
  }

  /** False once the reader is gone or the server stops. */
  isOpen(): boolean {
    return this.open
  }

  send(message: Streams.ReadResp | Buffer): Promise<void> | undefined {
    return this.call.write(message) ? undefined : this.drained()
  }

  /** Lets others run when this reader has had the thread for a while. */
  async takeTurns(): Promise<void> {
    if (performance.now() - this.turnBegan < TURN_MS) return
    await new Promise((resolve) => setImmediate(resolve))
    this.turnBegan = performance.now()
  }

  private drained(): Promise<void> {
    const { call, signal } = this
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const goOn = () => {
        call.off('drain', goOn)
        signal.removeEventListener('abort', goOn)
        this.turnBegan = performance.now()
        resolve()
      }
      call.once('drain', goOn)
      signal.addEventListener('abort', goOn, { once: true })
    })
  }
}
