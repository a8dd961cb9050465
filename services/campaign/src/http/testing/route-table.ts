// Every route with what its contract test needs to know: one row a route.
import type { MadeState } from './campaign-in.ts'

interface Row {
  readonly route: string
  /** The state in which it succeeds. */
  readonly from?: MadeState
  readonly status: number
  readonly body?: unknown
  readonly query?: string
  /** Sent as a file. */
  readonly file?: string
  /** Another request of the right form, for the same Idempotency-Key. */
  readonly other?: { readonly body?: unknown; readonly file?: string }
  /** Requests of a wrong form, and what they are told. */
  readonly bad: readonly {
    readonly body?: unknown
    readonly file?: string
    readonly query?: string
    readonly told: string
  }[]
  /** A state in which it is refused, and what is told. */
  readonly refusedIn?: readonly (readonly [MadeState, string])[]
}

/** Who may: everybody who reads it; who runs it; who creates. */
export type RouteRow =
  | (Row & { readonly access: 'public' | 'list' | 'create' })
  | (Row & { readonly access: 'read' | 'run' | 'link' | 'read-and-create' })

const wrong = '409 wrong_state'
const base = '/api/campaigns/:id'

const control = (
  name: string,
  from: MadeState,
  ...refusedIn: readonly (readonly [MadeState, string])[]
): RouteRow => ({
  route: `POST ${base}/${name}`,
  access: 'run',
  from,
  status: 200,
  bad: [],
  refusedIn,
})

const look = (name: string): RouteRow => ({
  route: `GET ${base}${name}`,
  access: 'read',
  status: 200,
  bad: [],
})

export const routeTable: readonly RouteRow[] = [
  { route: 'GET /api/openapi.json', access: 'public', status: 200, bad: [] },
  { route: 'GET /api/campaigns/excel-template/download', access: 'public', status: 200, bad: [] },
  {
    route: 'POST /api/campaigns',
    access: 'create',
    status: 201,
    body: { message: 'سلام' },
    other: { body: { message: 'other' } },
    bad: [
      { body: {}, told: '400 invalid_request message' },
      { body: { message: 'a', tenant: 'x' }, told: '400 invalid_request ' },
      { body: '[', told: '400 invalid_json' },
    ],
  },
  {
    route: 'GET /api/campaigns',
    access: 'list',
    status: 200,
    bad: [
      { query: '?limit=101', told: '400 invalid_request query.limit' },
      { query: '?page=0', told: '400 invalid_request query.page' },
      { query: '?status=NEW', told: '400 invalid_request query.status' },
      { query: '?order=1', told: '400 invalid_request query' },
    ],
  },
  {
    route: 'GET /api/campaigns/search',
    access: 'list',
    status: 200,
    query: '?query=a&sortBy=title&sortOrder=asc',
    bad: [
      { told: '400 invalid_request query.query' },
      { query: '?query=a&sortBy=title;drop', told: '400 invalid_request query.sortBy' },
      { query: '?query=a&sortOrder=up', told: '400 invalid_request query.sortOrder' },
    ],
  },
  {
    route: 'GET /api/campaigns/scheduled',
    access: 'list',
    status: 200,
    bad: [
      { query: '?status=DRAFT', told: '400 invalid_request query' },
      { query: '?limit=0', told: '400 invalid_request query.limit' },
    ],
  },
  {
    ...look(''),
    query: '?include=progress,recipients,attachments,report',
    bad: [{ query: '?include=secrets', told: '400 invalid_request query.include.0' }],
  },
  look('/history'),
  { route: `DELETE ${base}`, access: 'run', status: 200, bad: [], refusedIn: [['RUNNING', wrong]] },
  control('restore', 'DRAFT'),
  {
    route: `POST ${base}/duplicate`,
    access: 'read-and-create',
    from: 'READY',
    status: 201,
    body: { recipients: 'all' },
    other: { body: { recipients: 'none' } },
    bad: [{ body: { recipients: 'best' }, told: '400 invalid_request recipients' }],
  },
  look('/preview'),
  look('/estimate'),
  look('/connection'),
  {
    route: `PUT ${base}/title`,
    access: 'run',
    status: 200,
    body: { title: 'نو' },
    other: { body: { title: 'other' } },
    bad: [{ body: { title: ' ' }, told: '400 invalid_request title' }],
    refusedIn: [['RUNNING', wrong]],
  },
  {
    route: `PUT ${base}/message`,
    access: 'run',
    status: 200,
    body: { message: 'نو {{name}}' },
    other: { body: { message: 'other' } },
    bad: [{ body: { message: 7 }, told: '400 invalid_request message' }],
    refusedIn: [
      ['RUNNING', wrong],
      ['COMPLETED', wrong],
    ],
  },
  {
    route: `PUT ${base}/interval`,
    access: 'run',
    status: 200,
    body: { interval: '20s' },
    other: { body: { interval: '30s' } },
    bad: [
      { body: { interval: '4s' }, told: '400 invalid_request interval' },
      { body: { interval: 'soon' }, told: '400 invalid_request interval' },
      { body: { interval: '9s', sendType: 'scheduled' }, told: '400 invalid_request scheduledAt' },
      {
        body: { interval: '9s', sendType: 'scheduled', scheduledAt: '2020-01-01T10:00' },
        told: '400 invalid_request scheduledAt',
      },
      {
        body: { interval: '9s', sendType: 'scheduled', scheduledAt: '2026-02-30T10:00' },
        told: '400 invalid_request scheduledAt',
      },
      { body: { interval: '9s', timezone: 'Asia/Nowhere' }, told: '400 invalid_request timezone' },
    ],
    refusedIn: [['COMPLETED', wrong]],
  },
  {
    route: `POST ${base}/recipients`,
    access: 'run',
    status: 200,
    file: 'phone,name\n09123456789,علی\n',
    other: { file: 'phone,name\n09123456780,رضا\n' },
    bad: [
      { file: 'name\nعلی\n', told: '400 invalid_file' },
      { file: 'phone,name\n1,علی\n', told: '400 no_valid_recipients rows.2' },
      { body: { recipients: [] }, told: '400 invalid_request recipients' },
      { query: '?mode=merge', file: 'phone\n09123456789\n', told: '400 invalid_request query.mode' },
    ],
    refusedIn: [['RUNNING', wrong]],
  },
  control('start', 'READY', ['DRAFT', '409 no_recipients'], ['PAUSED', wrong]),
  control('confirm-and-start', 'READY', ['DRAFT', '409 no_recipients'], ['CANCELLED', wrong]),
  control('cancel-schedule', 'SCHEDULED', ['RUNNING', wrong], ['COMPLETED', wrong]),
  control('undo', 'RUNNING', ['DRAFT', wrong], ['COMPLETED', wrong]),
  {
    ...control('retry-failed', 'COMPLETED', ['READY', wrong], ['RUNNING', wrong], ['CANCELLED', wrong]),
    body: {},
    other: { body: { includeUnconfirmed: true } },
    bad: [
      { body: { includeUnconfirmed: 'yes' }, told: '400 invalid_request includeUnconfirmed' },
      { body: [], told: '400 invalid_request' },
    ],
  },
  control('pause', 'RUNNING', ['READY', wrong], ['COMPLETED', wrong]),
  control('resume', 'PAUSED', ['READY', wrong], ['CANCELLED', wrong]),
  control('cancel', 'PAUSED', ['READY', wrong], ['COMPLETED', wrong]),
  {
    ...control('test-send', 'READY', ['DRAFT', '409 no_connected_number'], ['COMPLETED', wrong]),
    body: { phone: '09120000001' },
    other: { body: { phone: '09120000002' } },
    bad: [
      { body: {}, told: '400 invalid_request phone' },
      { body: { phone: '12' }, told: '400 invalid_phone phone' },
    ],
  },
  {
    route: `POST ${base}/report/share`,
    access: 'run',
    status: 200,
    body: { expiresIn: '24h' },
    other: { body: { expiresIn: '2d' } },
    bad: [{ body: { expiresIn: '400d' }, told: '400 invalid_request expiresIn' }],
  },
  {
    route: `DELETE ${base}/report/share`,
    access: 'run',
    status: 200,
    bad: [{ query: '?id=x', told: '400 invalid_request query.id' }],
  },
  {
    route: `POST ${base}/qr-code`,
    access: 'link',
    status: 200,
    bad: [{ body: { sessionId: 'x' }, told: '400 invalid_request sessionId' }],
  },
  { route: `POST ${base}/cleanup-session`, access: 'link', status: 200, bad: [] },
  { route: 'GET /api/sessions', access: 'list', status: 200, bad: [] },
]
