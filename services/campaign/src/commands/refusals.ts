// From a decider's refusal to the problem that the client gets.
import { describeRejection, problemCodeOf, type Rejection } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

export const refusal = (reason: Rejection): ProblemError =>
  new ProblemError(problemCodeOf(reason), { detail: describeRejection(reason) })
