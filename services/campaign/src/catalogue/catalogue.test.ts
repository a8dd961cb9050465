import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type CampaignEvent,
  campaignIdSchema,
  epochSchema,
  type OutcomeEvent,
  type SessionEvent,
  sessionIdSchema,
  tenantIdSchema,
  totalsOfPending,
  userIdSchema,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import { temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { type Catalogue, openCatalogue, type SortBy } from './catalogue.ts'
import { foldText } from './fold-text.ts'
import { catalogueProjection } from './project.ts'

const acme = tenantIdSchema.parse('acme')
const other = tenantIdSchema.parse('other')
const owner = userIdSchema.parse('u1')
const sessionId = sessionIdSchema.parse('wa_abcdefghij0123456789')
const id = (number: number) => campaignIdSchema.parse(number)
const epoch = epochSchema.parse('e1')
const at = (second: number) => `2024-01-01T10:00:${String(second).padStart(2, '0')}.000Z`

let folder: TemporaryFolder
let catalogue: Catalogue
let project: (event: RecordedEvent) => void
const revisions = new Map<string, bigint>()

beforeEach(async () => {
  folder = await temporaryFolder()
  catalogue = openCatalogue(folder.path, () => undefined)
  project = catalogueProjection(catalogue.readModel.database)
  revisions.clear()
})
afterEach(async () => {
  catalogue.readModel.close()
  await folder.remove()
})

const record = (
  streamName: string,
  event: CampaignEvent | OutcomeEvent | SessionEvent,
  second = 0,
): RecordedEvent => {
  const revision = (revisions.get(streamName) ?? -1n) + 1n
  revisions.set(streamName, revision)
  return {
    id: 'x',
    streamName,
    revision,
    position: 0n,
    metadata: { occurredAt: at(second) },
    ...event,
  }
}

const created = (number: number, title: string, { tenant = acme, ownerId = owner } = {}): RecordedEvent =>
  record(`campaign-${number}`, {
    type: 'CampaignCreated',
    data: { campaignId: id(number), tenant, ownerId, title, message: 'سلام' },
  })
const imported: CampaignEvent = {
  type: 'RecipientsImported',
  data: {
    importId: 'i',
    mode: 'replace',
    chunks: { first: 0, last: 0 },
    accepted: 3,
    rejected: 0,
    duplicates: 0,
    total: 3,
    variables: [],
  },
}
const TEST_ID = '0a3a4c39-1a4f-4f7d-8d2b-0d5a2c9a7a11'
const RUN_KEY = Buffer.alloc(32).toString('base64')
const started: CampaignEvent = {
  type: 'CampaignStarted',
  data: { runKey: RUN_KEY, epoch, total: 3, attempt: 1, notBefore: at(9) },
}
const totals = { ...totalsOfPending(0), delivered: 1, sent: 1, failed: 1 }

describe('a campaign', () => {
  test('is created', () => {
    project(created(1, 'کمپین 1'))
    expect(catalogue.campaign(id(1))).toEqual({
      campaignId: 1,
      tenant: 'acme',
      ownerId: 'u1',
      title: 'کمپین 1',
      message: 'سلام',
      status: 'DRAFT',
      progress: { total: 0, sent: 0, failed: 0, delivered: 0 },
      intervalMs: undefined,
      sessionId: undefined,
      createdAt: at(0),
      startedAt: undefined,
      completedAt: undefined,
      restorableUntil: undefined,
      revision: 0n,
    })
  })

  test.each<[string, CampaignEvent[], object]>([
    ['title', [{ type: 'TitleChanged', data: { title: 'نو' } }], { title: 'نو' }],
    [
      'message',
      [{ type: 'MessageChanged', data: { message: 'درود' } }],
      { message: 'درود', status: 'DRAFT' },
    ],
    ['recipients', [imported], { status: 'READY', progress: { total: 3, sent: 0, failed: 0, delivered: 0 } }],
    [
      'deletion',
      [{ type: 'CampaignDeleted', data: { restorableUntil: at(9) } }],
      { status: 'DRAFT', restorableUntil: at(9) },
    ],
    [
      'restoration',
      [
        { type: 'CampaignDeleted', data: { restorableUntil: at(9) } },
        { type: 'CampaignRestored', data: {} },
      ],
      { restorableUntil: undefined },
    ],
    ['interval', [{ type: 'PacingSet', data: { intervalMs: 5_000 } }], { intervalMs: 5_000 }],
    ['number', [{ type: 'SessionAttached', data: { sessionId } }], { sessionId }],
    ['start', [imported, started], { status: 'RUNNING', startedAt: at(5) }],
    [
      'pause',
      [imported, started, { type: 'CampaignPaused', data: { reason: 'user' } }],
      { status: 'PAUSED', completedAt: undefined },
    ],
    [
      'resume',
      [imported, started, { type: 'CampaignResumed', data: { epoch } }],
      { status: 'RUNNING', completedAt: undefined },
    ],
    [
      'cancel',
      [imported, started, { type: 'CampaignCancelled', data: {} }],
      { status: 'CANCELLED', completedAt: at(5) },
    ],
    [
      'completion',
      [imported, started, { type: 'CampaignCompleted', data: { totals } }],
      {
        status: 'COMPLETED',
        completedAt: at(5),
        progress: { total: 3, sent: 2, failed: 1, delivered: 1 },
      },
    ],
    [
      'failure',
      [imported, started, { type: 'CampaignFailed', data: { reason: 'numberGone', totals } }],
      { status: 'FAILED', completedAt: at(5) },
    ],
    [
      'test send',
      [{ type: 'TestSendRequested', data: { testId: TEST_ID, runKey: RUN_KEY } }],
      { status: 'DRAFT' },
    ],
  ])('%s', (_what, events, row) => {
    project(created(1, 'a'))
    for (const event of events) project(record('campaign-1', event, 5))
    expect(catalogue.campaign(id(1))).toMatchObject(row)
  })

  test('counts what the ledger says', () => {
    project(created(1, 'a'))
    project(record('campaign-1', started))
    const outcome = { position: 1, state: 'sent', attempt: 1, sessionId, at: at(7) } as const
    project(record(`session-${sessionId}`, link))
    project(
      record('outcomes-1', {
        type: 'OutcomesRecorded',
        data: { epoch, toSeq: 3, outcomes: [outcome], totals },
      }),
    )
    expect(catalogue.campaign(id(1))?.progress).toEqual({ total: 3, sent: 2, failed: 1, delivered: 1 })
    expect(catalogue.session(sessionId)?.lastActivity).toBe(at(7))
  })

  test('everything twice is everything once', () => {
    const events = [created(1, 'a'), record('campaign-1', imported), record('campaign-1', started)]
    for (const event of events) project(event)
    const once = catalogue.campaign(id(1))
    for (const event of events) project(event)
    expect(catalogue.campaign(id(1))).toEqual(once)
  })
})

const link: SessionEvent = {
  type: 'LinkRequested',
  data: { sessionId, tenant: acme, ownerId: owner, method: 'qr' },
}

describe('a number', () => {
  test.each<[SessionEvent, string, string | undefined]>([
    [{ type: 'SessionLinked', data: { maskedNumber: '98***89' } }, 'connected', '98***89'],
    [{ type: 'SessionConnected', data: {} }, 'connected', undefined],
    [{ type: 'SessionDisconnected', data: { cause: 'network' } }, 'disconnected', undefined],
    [{ type: 'SessionLoggedOut', data: {} }, 'logged_out', undefined],
    [{ type: 'SessionBanned', data: { cause: '403' } }, 'banned', undefined],
    [{ type: 'UnlinkRequested', data: {} }, 'unlinking', undefined],
    [link, 'linking', undefined],
  ])('%j', (event, state, number) => {
    project(record(`session-${sessionId}`, link))
    project(record(`session-${sessionId}`, event, 5))
    expect(catalogue.session(sessionId)).toEqual({
      sessionId,
      tenant: 'acme',
      ownerId: 'u1',
      state,
      number,
      lastActivity: at(5),
    })
    expect(catalogue.sessions({ tenant: acme })).toHaveLength(1)
    expect(catalogue.sessions({ tenant: other })).toEqual([])
    expect(catalogue.sessions({ tenant: acme, ownerId: userIdSchema.parse('u2') })).toEqual([])
  })

  test('sends while a campaign with it runs', () => {
    project(created(1, 'a'))
    project(record('campaign-1', { type: 'SessionAttached', data: { sessionId } }))
    expect(catalogue.isSending(sessionId)).toBe(false)
    project(record('campaign-1', started))
    expect(catalogue.isSending(sessionId)).toBe(true)
  })
})

describe('lists', () => {
  const titles = (filter: Partial<Parameters<Catalogue['campaigns']>[0]>, limit = 10, offset = 0) => {
    const whole = { tenant: acme, ...filter }
    expect(catalogue.countCampaigns(whole)).toBeGreaterThanOrEqual(
      catalogue.campaigns(whole, { limit, offset }).length,
    )
    return catalogue.campaigns(whole, { limit, offset }).map(({ title }) => title)
  }
  beforeEach(() => {
    project(created(1, 'نوروز ۱۴۰۳'))
    project(created(2, 'كمپين پاييز'))
    project(created(3, "100%_' or 1=1", { ownerId: userIdSchema.parse('u2') }))
    project(created(4, 'not ours', { tenant: other }))
  })

  test('show the newest of the tenant first, by pages', () => {
    expect(titles({})).toEqual(["100%_' or 1=1", 'كمپين پاييز', 'نوروز ۱۴۰۳'])
    expect(titles({}, 1, 1)).toEqual(['كمپين پاييز'])
    expect(catalogue.countCampaigns({ tenant: acme })).toBe(3)
  })
  test('filter by owner, by campaigns, by state, by time', () => {
    expect(titles({ ownerId: userIdSchema.parse('u2') })).toEqual(["100%_' or 1=1"])
    expect(titles({ campaigns: [id(1), id(4)] })).toEqual(['نوروز ۱۴۰۳'])
    expect(titles({ status: 'RUNNING' })).toEqual([])
    expect(titles({ createdFrom: at(1) })).toEqual([])
    expect(titles({ createdTo: at(1) })).toHaveLength(3)
  })
  test('find a title however it is typed, and nothing is a pattern', () => {
    expect(titles({ title: 'کمپین پاییز' })).toEqual(['كمپين پاييز'])
    expect(titles({ title: '1403' })).toEqual(['نوروز ۱۴۰۳'])
    expect(titles({ title: '%' })).toEqual(["100%_' or 1=1"])
    expect(titles({ title: "' OR 1=1" })).toEqual(["100%_' or 1=1"])
  })
})

test('folding', () => expect(foldText(' كتاب\u200cهاي ۱۲٣ ')).toBe('کتاب های 123'))

describe('search and order', () => {
  const found = (query: string) => catalogue.campaigns({ tenant: acme, query }, { limit: 10, offset: 0 })
  const sorted = (field: SortBy['field'], order: SortBy['order']) =>
    catalogue
      .campaigns({ tenant: acme }, { limit: 10, offset: 0 }, { field, order })
      .map(({ title }) => title)

  test.each(['می‌خواهم', 'میخواهم', 'مي خواهم', 'كتاب‌ها', 'کتابها ۱۲', 'ABC', 'سلام'])(
    'finds %s',
    (query) => {
      project(created(1, 'می\u200cخواهم کتاب\u200cها ۱۲ Abc'))
      expect(found(query)).toHaveLength(1)
    },
  )
  test('finds nothing by patterns or quotes, nor what was deleted', () => {
    project(created(1, 'کتاب'))
    for (const query of ['%', '_', "' or 1=1 --", '"', '[']) expect(found(query)).toEqual([])
    project(record('campaign-1', { type: 'CampaignDeleted', data: { restorableUntil: at(9) } }))
    expect(found('کتاب')).toEqual([])
    expect(catalogue.countCampaigns({ tenant: acme })).toBe(0)
  })
  test('a changed text is found, the one before is not', () => {
    project(created(1, 'کتاب'))
    project(record('campaign-1', { type: 'MessageChanged', data: { message: 'درود' } }))
    expect([found('درود').length, found('سلام').length, found('کتاب').length]).toEqual([1, 0, 1])
  })
  test('Persian titles stand in the order of the alphabet, numbers by their value', () => {
    const titles = ['آب', 'باران ۲', 'باران ۱۰', 'پاییز', 'تهران', 'چای', 'ژاله', 'کوه', 'گل', 'یاس']
    titles.toReversed().forEach((title, index) => project(created(index + 1, title)))
    expect(sorted('title', 'asc')).toEqual(titles)
    expect(sorted('title', 'desc')).toEqual(titles.toReversed())
    expect(sorted('createdAt', 'asc')).toEqual(titles.toReversed())
  })
})
