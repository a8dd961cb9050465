// Errors on their way to a client, as RFC 9457 problems.
import { type FieldError, type Problem, type ProblemCode, problemOf } from '@peyk/contracts'
import type { z } from 'zod'

export interface ProblemDetails {
  /** A sentence for the caller; never a number, a token or another tenant's data. */
  readonly detail?: string | undefined
  readonly errors?: readonly FieldError[] | undefined
  /** `retry-after`, `allow`, `www-authenticate` ... */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly cause?: unknown
}

/** Thrown by a handler: the client gets the problem of this code. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(code, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.detail = details.detail
    this.errors = details.errors
    this.headers = details.headers ?? {}
  }

  get problem(): Problem {
    return problemOf(this.code, this.detail, this.errors)
  }
}

/** The faults of zod as the faults of fields, below a prefix (`query`). */
export const fieldErrorsOf = (error: z.ZodError, prefix?: string): FieldError[] =>
  error.issues.slice(0, 100).map((issue) => ({
    path: [...(prefix === undefined ? [] : [prefix]), ...issue.path].map(String).join('.'),
    code: issue.code,
    message: issue.message,
  }))
