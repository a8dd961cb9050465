// `instanceof Error` misses errors of another realm (Node's own, in a test's sandbox); Error.isError does not.

declare global {
  // ES2026; Node 24 has it, TypeScript's es2024 does not know it yet
  interface ErrorConstructor {
    isError(value: unknown): value is Error
  }
}

export const isError = (value: unknown): value is Error => Error.isError(value)
