import { type ProblemCode, problemOf } from '@peyk/contracts'

import type { UpgradeResult } from './metrics.ts'

/** Why a client is not let in: the HTTP answer before the 101. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly result: UpgradeResult
  readonly code: ProblemCode
  readonly detail: string | undefined

  constructor(result: UpgradeResult, code: ProblemCode, detail?: string) {
    super(detail ?? code)
    this.result = result
    this.code = code
    this.detail = detail
  }

  get problem(): ReturnType<typeof problemOf> {
    return problemOf(this.code, this.detail)
  }
}
