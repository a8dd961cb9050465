// Every error that a user can meet: one registry of codes, each with its status and title (RFC 9457).
import { z } from 'zod'

export const problems = {
  invalid_request: { status: 400, title: 'The request does not have the expected form' },
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_file: { status: 400, title: 'The file cannot be imported' },
  no_valid_recipients: { status: 400, title: 'The file has no row that can be accepted' },
  invalid_phone: { status: 400, title: 'The phone number is not valid' },
  unauthorized: { status: 401, title: 'A valid token is required' },
  token_expired: { status: 401, title: 'The token has expired' },
  forbidden: { status: 403, title: 'Your role does not allow this' },
  forbidden_origin: { status: 403, title: 'Requests from this origin are refused' },
  not_found: { status: 404, title: 'There is no such resource' },
  campaign_not_found: { status: 404, title: 'There is no such campaign' },
  session_not_found: { status: 404, title: 'There is no such WhatsApp number' },
  import_not_found: { status: 404, title: 'There is no such import' },
  method_not_allowed: { status: 405, title: 'The resource does not support this method' },
  not_acceptable: { status: 406, title: 'None of the accepted media types can be produced' },
  request_timeout: { status: 408, title: 'The request took too long' },
  wrong_state: { status: 409, title: 'The campaign is in a state that does not allow this' },
  no_message: { status: 409, title: 'The campaign has no message' },
  no_recipients: { status: 409, title: 'The campaign has no recipients' },
  no_connected_number: { status: 409, title: 'The campaign has no connected WhatsApp number' },
  nothing_to_retry: { status: 409, title: 'Nobody is left who could be sent to again' },
  too_late_to_undo: { status: 409, title: 'Messages may have been sent already' },
  missing_variable: { status: 409, title: 'A recipient lacks a value that the message uses' },
  message_too_long: { status: 409, title: 'The rendered text of a recipient is too long' },
  import_in_progress: { status: 409, title: 'An import of this campaign is still running' },
  too_many_sessions: { status: 409, title: 'The number of active WhatsApp sessions is at its limit' },
  too_many_shares: { status: 409, title: 'The campaign has as many links as allowed' },
  conflict: { status: 409, title: 'The resource was changed at the same time; try again' },
  precondition_failed: { status: 412, title: 'The resource has another revision than If-Match names' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  too_many_recipients: { status: 413, title: 'The campaign would have more recipients than allowed' },
  unsupported_media_type: { status: 415, title: 'The media type of the body is not supported' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used with another request' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'A part of the system is not reachable right now; try again soon' },
  report_not_ready: { status: 503, title: 'The report is still catching up; try again soon' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problems
export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]]

/** One bad field: a JSON path (`recipients.0.phone`), the rule's code and a sentence. */
export const fieldErrorSchema = z.object({ path: z.string(), code: z.string(), message: z.string() })
export type FieldError = z.infer<typeof fieldErrorSchema>

/** `application/problem+json` */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.enum(problemCodes),
  errors: z.array(fieldErrorSchema).optional(),
})
export type Problem = z.infer<typeof problemSchema>

export const problemOf = (code: ProblemCode, detail?: string, errors?: readonly FieldError[]): Problem => ({
  type: `/problems/${code}`,
  title: problems[code].title,
  status: problems[code].status,
  code,
  ...(detail === undefined ? {} : { detail }),
  ...(errors === undefined ? {} : { errors: [...errors] }),
})
