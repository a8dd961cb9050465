// The public REST API, as the dashboard uses it. Types are those of the contracts.
import type {
  CampaignReply,
  CampaignStatus,
  Estimate,
  DuplicateRecipients,
  FieldError,
  HistoryEntry,
  ImportReply,
  NumberHealthReply,
  Pagination,
  Preview,
  Problem,
  ProblemCode,
  RecipientReply,
  RecipientState,
  ReportReply,
  SessionReply,
  ShareReply,
  UsageReply,
  WsTicketReply,
} from '@peyk/contracts'

import { freshToken } from './fresh-token.ts'

/** A request that was refused, or could not be made. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly code: ProblemCode | 'unreachable' | 'other'
  readonly status: number
  readonly errors: readonly FieldError[]

  constructor(code: ApiProblem['code'], status: number, errors: readonly FieldError[] = []) {
    super(code)
    this.code = code
    this.status = status
    this.errors = errors
  }
}

export interface CampaignFilter {
  readonly page: number
  /** 1 to 100. */
  readonly limit?: number
  readonly status?: CampaignStatus | undefined
  readonly title?: string | undefined
}

export interface CampaignPage {
  readonly campaigns: readonly CampaignReply[]
  readonly pagination: Pagination
}

export interface RecipientPage {
  readonly recipients: readonly RecipientReply[]
  readonly pagination: Pagination
}

export interface Connection {
  readonly isConnected: boolean
  readonly hasActiveSession: boolean
  readonly sessionId: string | null
}

export type Control = 'start' | 'undo' | 'cancel-schedule' | 'pause' | 'resume' | 'cancel'
type Id = number
/** `etag`: of this version, for a change that must not overwrite another one. */
export interface Campaign extends CampaignReply {
  readonly etag: string | undefined
}
type Changed = Promise<Campaign>

const PAGE_SIZE = 20
/** As many as one answer may have. */
export const RECIPIENTS_A_PAGE = 100

const changed = async (method: string, path: string, body: object = {}, etag?: string): Changed =>
  campaignOf(await send(method, path, { body, etag }))

const campaignOf = async (answer: Response): Changed => {
  const { campaign } = (await answer.json()) as { campaign: CampaignReply }
  return { ...campaign, etag: answer.headers.get('etag') ?? undefined }
}

export const api = {
  campaigns: (
    { page, limit = PAGE_SIZE, status, title }: CampaignFilter,
    signal?: AbortSignal,
  ): Promise<CampaignPage> => {
    const query = new URLSearchParams({ page: String(page), limit: String(limit) })
    if (status !== undefined) query.set('status', status)
    if (title !== undefined && title !== '') query.set('title', title)
    return json('GET', `/api/campaigns?${query}`, { signal })
  },
  campaign: async (id: Id, signal?: AbortSignal): Changed =>
    campaignOf(await send('GET', `/api/campaigns/${id}`, { signal })),
  /** `key`: the same for repeats of one wish, so that it makes one campaign. */
  create: async (draft: { title?: string; message: string }, key: string): Changed =>
    campaignOf(await send('POST', '/api/campaigns', { body: draft, key })),
  /** Refused with `precondition_failed` when the campaign is another one than that of `etag` by now. */
  changeTitle: (id: Id, title: string, etag: string | undefined): Changed =>
    changed('PUT', `/api/campaigns/${id}/title`, { title }, etag),
  changeMessage: (id: Id, message: string, etag: string | undefined): Changed =>
    changed('PUT', `/api/campaigns/${id}/message`, { message }, etag),
  changeInterval: (id: Id, interval: string): Changed =>
    changed('PUT', `/api/campaigns/${id}/interval`, { interval }),
  /** Undefined takes the schedule away. `scheduledAt`: the time on the wall of the time zone. */
  schedule: (
    id: Id,
    interval: string,
    at: { readonly scheduledAt: string; readonly timezone: string } | undefined,
  ): Changed =>
    changed('PUT', `/api/campaigns/${id}/interval`, {
      interval,
      ...(at === undefined ? { sendType: 'immediate' } : { sendType: 'scheduled', ...at }),
    }),
  control: (id: Id, what: Control): Changed => changed('POST', `/api/campaigns/${id}/${what}`),
  /** The message as it stands, to one number. */
  testSend: (id: Id, phone: string): Changed => changed('POST', `/api/campaigns/${id}/test-send`, { phone }),
  remove: (id: Id): Changed => changed('DELETE', `/api/campaigns/${id}`),
  restore: (id: Id): Changed => changed('POST', `/api/campaigns/${id}/restore`),
  /** Who is unconfirmed may have got the message, and gets it once more only when that is wanted. */
  retryFailed: (id: Id, includeUnconfirmed: boolean): Changed =>
    changed('POST', `/api/campaigns/${id}/retry-failed`, { includeUnconfirmed }),
  importFile: async (id: Id, file: File): Promise<ImportReply> => {
    const form = new FormData()
    form.append('recipientsFile', file, file.name)
    return (await json<{ import: ImportReply }>('POST', `/api/campaigns/${id}/recipients`, { body: form }))
      .import
  },
  importProgress: async (id: Id, importId: string, signal?: AbortSignal): Promise<ImportReply> =>
    (await json<{ import: ImportReply }>('GET', `/api/campaigns/${id}/imports/${importId}`, { signal }))
      .import,
  previews: async (id: Id, signal?: AbortSignal): Promise<readonly Preview[]> =>
    (await json<{ previews: Preview[] }>('GET', `/api/campaigns/${id}/preview`, { signal })).previews,
  estimate: async (id: Id, signal?: AbortSignal): Promise<Estimate> =>
    (await json<{ estimate: Estimate }>('GET', `/api/campaigns/${id}/estimate`, { signal })).estimate,
  connection: (id: Id, signal?: AbortSignal): Promise<Connection> =>
    json('GET', `/api/campaigns/${id}/connection`, { signal }),
  link: (id: Id, sessionId?: string): Promise<{ readonly isConnected: boolean }> =>
    json('POST', `/api/campaigns/${id}/qr-code`, { body: sessionId === undefined ? {} : { sessionId } }),
  sessions: async (signal?: AbortSignal): Promise<readonly SessionReply[]> =>
    (await json<{ sessions: SessionReply[] }>('GET', '/api/sessions', { signal })).sessions,
  ticket: async (campaignId: Id): Promise<string> =>
    (await json<WsTicketReply>('POST', '/api/ws-tickets', { body: { campaignId } })).ticket,
  report: (id: Id, signal?: AbortSignal): Promise<ReportReply> =>
    json('GET', `/api/campaigns/${id}/report`, { signal }),
  /** `page` begins with 1 and has `RECIPIENTS_A_PAGE`. */
  recipients: (
    id: Id,
    page: number,
    status: RecipientState | undefined,
    signal?: AbortSignal,
  ): Promise<RecipientPage> => {
    const query = new URLSearchParams({ page: String(page), limit: String(RECIPIENTS_A_PAGE) })
    if (status !== undefined) query.set('status', status)
    return json('GET', `/api/campaigns/${id}/recipients?${query}`, { signal })
  },
  history: async (id: Id, signal?: AbortSignal): Promise<readonly HistoryEntry[]> =>
    (await json<{ history: HistoryEntry[] }>('GET', `/api/campaigns/${id}/history`, { signal })).history,
  duplicate: (id: Id, recipients: DuplicateRecipients): Changed =>
    changed('POST', `/api/campaigns/${id}/duplicate`, { recipients }),
  share: async (id: Id, expiresIn: string): Promise<ShareReply> =>
    (await json<{ share: ShareReply }>('POST', `/api/campaigns/${id}/report/share`, { body: { expiresIn } }))
      .share,
  revokeShares: (id: Id): Changed => changed('DELETE', `/api/campaigns/${id}/report/share`),
  unlink: (id: Id): Changed => changed('POST', `/api/campaigns/${id}/cleanup-session`),
  numbers: async (signal?: AbortSignal): Promise<NumberHealthReply['numbers']> =>
    (await json<NumberHealthReply>('GET', '/api/reports/numbers', { signal })).numbers,
  usage: async (from: string, to: string, signal?: AbortSignal): Promise<UsageReply['days']> =>
    (await json<UsageReply>('GET', `/api/reports/usage?from=${from}&to=${to}`, { signal })).days,
}

interface Asked {
  readonly body?: object | undefined
  readonly key?: string
  readonly etag?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const json = async <Body>(method: string, path: string, asked: Asked = {}): Promise<Body> => {
  const answer = await send(method, path, asked)
  return (await answer.json()) as Body
}

const send = async (
  method: string,
  path: string,
  { body, key, etag, signal }: Asked = {},
): Promise<Response> => {
  const isForm = body instanceof FormData
  const headers = new Headers({ accept: 'application/json' })
  const bearer = await freshToken().catch(() => {
    throw new ApiProblem('unreachable', 0)
  })
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (key !== undefined) headers.set('idempotency-key', key)
  if (etag !== undefined) headers.set('if-match', etag)
  if (body !== undefined && !isForm) headers.set('content-type', 'application/json')
  const request: RequestInit = { method, headers }
  if (body !== undefined) request.body = isForm ? body : JSON.stringify(body)
  if (signal !== undefined) request.signal = signal
  const answer = await fetch(path, request).catch((error: unknown) => {
    if (signal?.aborted === true) throw error
    throw new ApiProblem('unreachable', 0)
  })
  if (!answer.ok) throw await problemOf(answer)
  return answer
}

const problemOf = async (answer: Response): Promise<ApiProblem> => {
  try {
    const { code, errors } = (await answer.json()) as Problem
    return new ApiProblem(code, answer.status, errors)
  } catch {
    // Not one of our own answers: a proxy's page, or a body that was cut.
    return new ApiProblem('other', answer.status)
  }
}

/** Fetches a file with the token, and hands it to the browser to be saved. `onBytes`: how much has come so far. */
export const saveFile = async (
  path: string,
  name: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> => {
  const answer = await send('GET', path)
  let bytes = 0
  const counted = answer.body?.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, out) => {
        bytes += chunk.byteLength
        onBytes(bytes)
        out.enqueue(chunk)
      },
    }),
  )
  const type = answer.headers.get('content-type') ?? ''
  const file = await new Response(counted, { headers: { 'content-type': type } }).blob()
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads it after the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
