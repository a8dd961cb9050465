// Why a decider refuses a command: a closed list; each is a problem of the API too.
import type { CampaignStatus } from './live-messages.ts'
import type { ProblemCode } from './problems.ts'

export type Rejection =
  | {
      readonly code: 'wrong_state'
      readonly state: CampaignStatus
      readonly allowed: readonly CampaignStatus[]
    }
  | { readonly code: 'campaign_not_found' }
  /** Something else changed what the command was based on. */
  | { readonly code: 'conflict' }
  | { readonly code: 'session_not_found' }
  | { readonly code: 'no_message' }
  | { readonly code: 'no_recipients' }
  | { readonly code: 'no_connected_number' }
  | { readonly code: 'nothing_to_retry' }
  | { readonly code: 'too_late_to_undo' }
  | { readonly code: 'too_many_recipients'; readonly limit: number }
  | { readonly code: 'too_many_sessions'; readonly limit: number }
  | { readonly code: 'too_many_shares'; readonly limit: number }

/** The compiler checks that every rejection is a problem with a status. */
export const problemCodeOf = (rejection: Rejection): ProblemCode => rejection.code

export const describeRejection = (rejection: Rejection): string | undefined => {
  switch (rejection.code) {
    case 'wrong_state':
      return `the campaign is ${rejection.state}; this is allowed in: ${rejection.allowed.join(', ')}`
    case 'too_many_recipients':
      return `at most ${rejection.limit} recipients a campaign`
    case 'too_many_sessions':
      return `at most ${rejection.limit} active numbers a user`
    case 'too_many_shares':
      return `at most ${rejection.limit} links of a campaign at a time`
    case 'campaign_not_found':
    case 'conflict':
    case 'session_not_found':
    case 'no_message':
    case 'no_recipients':
    case 'no_connected_number':
    case 'nothing_to_retry':
    case 'too_late_to_undo':
      return undefined
  }
}
