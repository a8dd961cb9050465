/**
 * libsignal prints whole sessions, private keys included, with `console.info` and its like, and phone numbers with
 * errors. Its lines are dropped; everybody else's pass.
 */
const METHODS = ['log', 'info', 'warn', 'error'] as const
const quieted = new WeakSet<Console>()

/** Must be called before the first message is read. */
export function quietLibsignal(target: Console = console): void {
  if (quieted.has(target)) return
  quieted.add(target)
  for (const method of METHODS) {
    const print = target[method].bind(target)
    target[method] = (...parts: unknown[]) => {
      if (!calledByLibsignal()) print(...parts)
    }
  }
}

/** Line 0 is the message, 1 this function, 2 the replaced method, 3 its caller. */
function calledByLibsignal(): boolean {
  return new Error().stack?.split('\n')[3]?.includes('/libsignal/') ?? false
}
