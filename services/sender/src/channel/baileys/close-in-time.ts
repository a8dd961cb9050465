/** Ends a socket whether or not the other side answers. */
import type { WASocket } from '@whiskeysockets/baileys'

const CLOSE_GRACE_MS = 2000

/**
 * Gives the closing handshake a deadline: Baileys waits for it before it tells that a connection is lost, and the
 * other side of a lost connection does not answer. Returns how to wait for the end of a close that has begun.
 */
export function closeInTime({ ws }: WASocket): () => Promise<void> {
  const close = ws.close.bind(ws)
  let closing = Promise.resolve()
  ws.close = () => {
    const timer = setTimeout(terminate, CLOSE_GRACE_MS, ws)
    closing = close().finally(() => {
      clearTimeout(timer)
    })
    return closing
  }
  return () => closing
}

function terminate(ws: WASocket['ws']): void {
  const socket: unknown = Reflect.get(ws, 'socket')
  if (
    socket &&
    typeof socket === 'object' &&
    'terminate' in socket &&
    typeof socket.terminate === 'function'
  ) {
    Reflect.apply(socket.terminate, socket, [])
  }
}
