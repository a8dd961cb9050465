/**
 * With each upload of one-time keys Baileys starts a timer of 30 s that nothing ever clears; it would keep the
 * process alive after the last connection has ended. Such a timer is let loose here.
 */
const UPLOAD_TIMEOUT_MS = 30_000
const BAILEYS = /@whiskeysockets[\\/]baileys[\\/]/

let installed = false

/** Must be called before the first socket is made. */
export function looseBaileysTimers(): void {
  if (installed) return
  installed = true
  const start = globalThis.setTimeout
  const loose = (callback: () => void, ms?: number, ...parameters: []) => {
    const timer = start(callback, ms, ...parameters)
    if (ms === UPLOAD_TIMEOUT_MS && calledByBaileys()) timer.unref()
    return timer
  }
  // The promisified form and the rest of the function's properties.
  Object.defineProperties(loose, Object.getOwnPropertyDescriptors(start))
  globalThis.setTimeout = loose as typeof setTimeout
}

/** Line 0 is the message, 1 this function, 2 the replaced one, 3 its caller. */
function calledByBaileys(): boolean {
  return BAILEYS.test(new Error().stack?.split('\n')[3] ?? '')
}
