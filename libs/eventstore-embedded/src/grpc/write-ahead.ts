import { ServerInterceptingCall } from '@grpc/grpc-js'
import type { ServerInterceptor } from '@grpc/grpc-js'

/** So much of a call's answers may be under way at a time. */
const MAX_UNDER_WAY = { messages: 64, bytes: 64 * 1024 }

/** What a message counts that is not encoded yet; those are small. */
const UNENCODED_BYTES = 256

/**
 * By itself the library gives the connection a call's next message when the one before is gone, one write to the
 * socket each. Here a few may be under way, and the connection sends together what comes together.
 */
export const writeAhead: ServerInterceptor = (_method, call) => new WriteAheadCall(call)

class WriteAheadCall extends ServerInterceptingCall {
  private readonly underWay = { messages: 0, bytes: 0 }
  private taken: (() => void) | undefined

  override sendMessage(message: unknown, onTaken: () => void): void {
    const bytes = Buffer.isBuffer(message) ? message.length : UNENCODED_BYTES
    this.underWay.messages += 1
    this.underWay.bytes += bytes
    super.sendMessage(message, () => {
      this.underWay.messages -= 1
      this.underWay.bytes -= bytes
      this.takeNext()
    })
    this.taken = onTaken
    this.takeNext()
  }

  private takeNext(): void {
    const { messages, bytes } = this.underWay
    if (messages >= MAX_UNDER_WAY.messages || bytes >= MAX_UNDER_WAY.bytes) return
    const { taken } = this
    this.taken = undefined
    taken?.()
  }
}
