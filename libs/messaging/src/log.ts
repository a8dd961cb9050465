/** What this library needs of a logger: pino's shape. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const nothing = (): void => undefined

/** A log that says nothing, for callers that pass none. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** An error as one line for a log or a header. */
export const errorLine = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error)).replace(/\s+/g, ' ')
