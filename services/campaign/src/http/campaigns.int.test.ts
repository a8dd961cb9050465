import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { campaignReplySchema, problemSchema } from '@peyk/contracts'
import { openBucket } from '@peyk/messaging'
import { z } from 'zod'

import {
  type Answer,
  type CampaignService,
  createCampaign,
  eventTypes,
  linkNumber,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, { FIRST_SEND_DELAY: '1h' })
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

const list = 'phone,name\n09123456789,علی\n09123456780,رضا\n'
const problem = ({ status, body }: Answer) => {
  const { code, status: told, errors } = problemSchema.parse(body)
  expect(told).toBe(status)
  return `${status} ${code}${errors === undefined ? '' : ` ${errors.map(({ path }) => path).join()}`}`
}
const campaignIn = ({ body }: Answer) => z.object({ campaign: campaignReplySchema }).parse(body).campaign
const ready = async (caller = service.as()) => {
  const id = await createCampaign(caller)
  const sessionId = await linkNumber(caller, servers.store, id)
  expect((await caller.upload(`/api/campaigns/${id}/recipients`, list)).status).toBe(200)
  return { id, sessionId }
}

describe('create', () => {
  test('a draft with a title of its own, known to the gateway before the answer', async () => {
    const answer = await service.as().send('POST', '/api/campaigns', { message: 'سلام' })
    expect(answer.status).toBe(201)
    const campaign = campaignIn(answer)
    expect(campaign).toMatchObject({
      title: `کمپین ${campaign.id}`,
      message: 'سلام',
      status: 'DRAFT',
      interval: '10s',
      sendType: 'immediate',
      sessionId: null,
      startedAt: null,
      progress: { total: 0, sent: 0, failed: 0, delivered: 0 },
    })
    expect(answer.headers.get('location')).toBe(`/api/campaigns/${campaign.id}`)
    const access = await openBucket(servers.nats, 'campaign_access').get(String(campaign.id))
    expect(access?.json()).toEqual({ campaignId: campaign.id, tenant: 'acme', ownerId: 'u1' })
  })

  test('the same key twice is one campaign, with another body a problem', async () => {
    const send = (message: string, key: string) =>
      service.as().send('POST', '/api/campaigns', { message }, { 'idempotency-key': key })
    const [first, again] = [await send('a', 'k1'), await send('a', 'k1')]
    expect(again.status).toBe(201)
    expect(campaignIn(again).id).toBe(campaignIn(first).id)
    expect(campaignIn(await send('a', 'k2')).id).not.toBe(campaignIn(first).id)
    expect(problem(await send('b', 'k1'))).toBe('422 idempotency_key_reused')
  })

  test('ten at a time with one key are one campaign', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        service.as().send('POST', '/api/campaigns', { message: 'a' }, { 'idempotency-key': 'ten' }),
      ),
    )
    expect(new Set(answers.map((answer) => campaignIn(answer).id)).size).toBe(1)
  })

  test.each<[string, unknown, string]>([
    ['no message', {}, '400 invalid_request message'],
    ['a blank message', { message: ' ' }, '400 invalid_request message'],
    ['a message of 4,097 characters', { message: 'آ'.repeat(4_097) }, '400 invalid_request message'],
    ['a title of 101 characters', { message: 'a', title: 'x'.repeat(101) }, '400 invalid_request title'],
    ['a field that nobody knows', { message: 'a', tenant: 'other' }, '400 invalid_request '],
    ['no JSON', '{', '400 invalid_json'],
  ])('%s is refused', async (_what, body, expected) =>
    expect(problem(await service.as().send('POST', '/api/campaigns', body))).toBe(expected),
  )

  test('needs a token, and a role that may', async () => {
    expect(problem(await service.anonymous.send('POST', '/api/campaigns', { message: 'a' }))).toBe(
      '401 unauthorized',
    )
    const viewer = service.as({ roles: ['viewer'] })
    expect(problem(await viewer.send('POST', '/api/campaigns', { message: 'a' }))).toBe('403 forbidden')
    const narrow = service.as({ campaigns: [1] })
    expect(problem(await narrow.send('POST', '/api/campaigns', { message: 'a' }))).toBe('403 forbidden')
  })
})

describe('reading', () => {
  test("one, with its revision; another tenant's and another member's are none", async () => {
    const id = await createCampaign(service.as())
    const own = await service.as().get(`/api/campaigns/${id}`)
    expect(campaignIn(own).id).toBe(id)
    expect(own.headers.get('etag')).toBe('"0"')
    const none = await service.as().get('/api/campaigns/999999')
    const others = await service.as({ tenant: 'other', roles: ['admin'] }).get(`/api/campaigns/${id}`)
    expect(others.text).toBe(none.text)
    expect(problem(others)).toBe('404 campaign_not_found')
    expect(problem(await service.as({ user: 'u2' }).get(`/api/campaigns/${id}`))).toBe(
      '404 campaign_not_found',
    )
    expect((await service.as({ user: 'u2', roles: ['viewer'] }).get(`/api/campaigns/${id}`)).status).toBe(200)
    expect(problem(await service.as().get('/api/campaigns/x'))).toBe('400 invalid_request params.id')
  })

  test('lists are pages of what the user may see', async () => {
    const tenant = 'lists'
    const [one, two] = [service.as({ tenant, user: 'a' }), service.as({ tenant, user: 'b' })]
    for (const caller of [one, one, two]) await createCampaign(caller)
    const listOf = async (caller: typeof one, query = '') => {
      const { body } = await caller.get(`/api/campaigns${query}`)
      const { campaigns, pagination } = z
        .object({ campaigns: z.array(campaignReplySchema), pagination: z.unknown() })
        .parse(body)
      return { ids: campaigns.map(({ id }) => id), pagination }
    }
    expect((await listOf(one)).ids).toHaveLength(2)
    expect((await listOf(service.as({ tenant, roles: ['viewer'] }))).ids).toHaveLength(3)
    const page = await listOf(one, '?page=2&limit=1')
    expect(page).toMatchObject({
      ids: [expect.any(Number)],
      pagination: { page: 2, limit: 1, total: 2, totalPages: 2 },
    })
    expect((await listOf(one, '?status=RUNNING')).ids).toEqual([])
    expect(problem(await one.get('/api/campaigns?limit=101'))).toBe('400 invalid_request query.limit')
    expect(problem(await one.get('/api/campaigns?status=NEW'))).toBe('400 invalid_request query.status')
  })
})

describe('changes', () => {
  test('title, message and interval, each with what it led to', async () => {
    const caller = service.as()
    const id = await createCampaign(caller)
    const path = `/api/campaigns/${id}`
    expect(campaignIn(await caller.send('PUT', `${path}/title`, { title: 'نو' })).title).toBe('نو')
    expect(campaignIn(await caller.send('PUT', `${path}/message`, { message: 'درود' })).message).toBe('درود')
    expect(campaignIn(await caller.send('PUT', `${path}/interval`, { interval: '20s' })).interval).toBe('20s')
    expect(campaignIn(await caller.get(path))).toMatchObject({
      title: 'نو',
      message: 'درود',
      interval: '20s',
    })
    expect(problem(await caller.send('PUT', `${path}/interval`, { interval: '4s' }))).toBe(
      '400 invalid_request interval',
    )
    expect(problem(await caller.send('PUT', `${path}/interval`, { interval: 'fast' }))).toBe(
      '400 invalid_request interval',
    )
  })

  test('a revision that is not the one of now is refused', async () => {
    const caller = service.as()
    const path = `/api/campaigns/${await createCampaign(caller)}/title`
    const put = (title: string, revision: string) =>
      caller.send('PUT', path, { title }, { 'if-match': revision })
    const answer = await put('a', '"0"')
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"1"'])
    expect(problem(await put('b', '"0"'))).toBe('412 precondition_failed')
    expect(problem(await put('b', 'W/"1"'))).toBe('412 precondition_failed')
  })

  test('a reader may not', async () => {
    const path = `/api/campaigns/${await createCampaign(service.as())}/title`
    const viewer = service.as({ user: 'u2', roles: ['viewer'] })
    expect(problem(await viewer.send('PUT', path, { title: 'x' }))).toBe('403 forbidden')
  })
})

describe('control', () => {
  test('a run: start, pause, resume, cancel, and what is refused on the way', async () => {
    const caller = service.as({ user: 'runner' })
    const { id, sessionId } = await ready(caller)
    const post = (command: string) => caller.send('POST', `/api/campaigns/${id}/${command}`)
    expect(problem(await post('pause'))).toBe('409 wrong_state')

    const started = await post('start')
    expect(campaignIn(started)).toMatchObject({ status: 'RUNNING', sessionId, progress: { total: 2 } })
    expect((await post('confirm-and-start')).status).toBe(200)
    const refused = await caller.send('PUT', `/api/campaigns/${id}/message`, { message: 'x' })
    expect(problem(refused)).toBe('409 wrong_state')
    expect(refused.text).toContain('the campaign is RUNNING; this is allowed in: DRAFT')
    expect(problem(await caller.upload(`/api/campaigns/${id}/recipients`, list))).toBe('409 wrong_state')
    expect(problem(await caller.send('POST', `/api/campaigns/${id}/cleanup-session`))).toBe('409 wrong_state')

    expect(campaignIn(await post('pause')).status).toBe('PAUSED')
    expect(campaignIn(await post('resume')).status).toBe('RUNNING')
    expect(campaignIn(await post('cancel')).status).toBe('CANCELLED')
    expect((await post('cancel')).status).toBe(200)
    expect(problem(await post('resume'))).toBe('409 wrong_state')
    const types = await eventTypes(servers.store, id)
    expect(types.filter((type) => /^Campaign(Started|Paused|Resumed|Cancelled)$/.test(type))).toEqual([
      'CampaignStarted',
      'CampaignPaused',
      'CampaignResumed',
      'CampaignCancelled',
    ])
  }, 60_000)

  test('a start needs recipients, a number, and a text for everyone', async () => {
    const caller = service.as({ user: 'starter' })
    const id = await createCampaign(caller, 'سلام {{name}}')
    const start = () => caller.send('POST', `/api/campaigns/${id}/start`)
    expect(problem(await start())).toBe('409 no_recipients')
    await caller.upload(`/api/campaigns/${id}/recipients`, list)
    expect(problem(await start())).toBe('409 no_connected_number')
    await caller.send('PUT', `/api/campaigns/${id}/message`, { message: 'سلام {{city}}' })
    expect(problem(await start())).toBe('409 missing_variable recipients.1,recipients.2')
    await caller.send('PUT', `/api/campaigns/${id}/message`, { message: '{{name}}' })
    expect(problem(await start())).toBe('409 no_connected_number')
  })

  test('a test send is one event, its number stands elsewhere', async () => {
    const caller = service.as({ user: 'tester' })
    const id = await createCampaign(caller)
    const send = (phone: string) => caller.send('POST', `/api/campaigns/${id}/test-send`, { phone })
    expect(problem(await send('09120000000'))).toBe('409 no_connected_number')
    await linkNumber(caller, servers.store, id)
    expect(problem(await send('123'))).toBe('400 invalid_phone phone')
    const answer = await send('0912 000 0001')
    expect(answer.status).toBe(200)
    const { testId } = z.object({ testId: z.uuid() }).parse(answer.body)
    expect(await eventTypes(servers.store, id)).toContain('TestSendRequested')
    for await (const { data } of servers.store.readStream(`recipients-${id}-test-${testId}`))
      expect(data).toMatchObject({ recipients: [{ phone: '989120000001', variables: { name: 'name' } }] })
  })
})

describe('numbers', () => {
  test('a new number waits for its QR; a linked one is attached at once', async () => {
    const caller = service.as({ user: 'linker' })
    const first = await createCampaign(caller)
    const answer = await caller.send('POST', `/api/campaigns/${first}/qr-code`)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ isConnected: false, sessionId: expect.stringMatching(/^wa_/) })
    const sessionId = await linkNumber(caller, servers.store, first)
    const again = await caller.send('POST', `/api/campaigns/${first}/qr-code`)
    expect([again.status, again.body]).toMatchObject([200, { isConnected: true, sessionId }])

    const second = await createCampaign(caller)
    const attached = await caller.send('POST', `/api/campaigns/${second}/qr-code`)
    expect([attached.status, attached.body]).toMatchObject([200, { isConnected: true, sessionId }])
    expect((await caller.get('/api/sessions')).body).toMatchObject({
      sessions: [{ id: sessionId, state: 'connected', number: '98912***89' }],
    })
    expect((await service.as({ user: 'nobody' }).get('/api/sessions')).body).toEqual({ sessions: [] })

    const cleaned = await caller.send('POST', `/api/campaigns/${second}/cleanup-session`)
    expect(cleaned.status).toBe(200)
    expect((await caller.get(`/api/campaigns/${first}/connection`)).body).toMatchObject({
      isConnected: false,
      hasActiveSession: false,
      sessionId,
    })
  })

  test('two requests at a time make one number', async () => {
    const caller = service.as({ user: 'twice' })
    const id = await createCampaign(caller)
    const answers = await Promise.all(
      [1, 2, 3].map(() => caller.send('POST', `/api/campaigns/${id}/qr-code`)),
    )
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202])
    const { body } = await caller.get('/api/sessions')
    expect(z.object({ sessions: z.array(z.unknown()) }).parse(body).sessions).toHaveLength(1)
  })

  test('no more than a user may have; nobody else is asked for theirs', async () => {
    const caller = service.as({ user: 'many' })
    const ids = [1, 2, 3, 4].map(() => createCampaign(caller))
    const answers: Answer[] = []
    for (const id of await Promise.all(ids))
      answers.push(await caller.send('POST', `/api/campaigns/${id}/qr-code`))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 409])
    expect(problem(answers[3]!)).toBe('409 too_many_sessions')

    const id = await createCampaign(service.as())
    const { sessionId } = z.object({ sessionId: z.string() }).parse(answers[0]!.body)
    const asked = (caller: ReturnType<typeof service.as>) =>
      caller.send('POST', `/api/campaigns/${id}/qr-code`, { sessionId })
    expect(problem(await asked(service.as()))).toBe('404 session_not_found')
    const viewer = service.as({ roles: ['viewer'], user: 'u9' })
    expect(problem(await asked(viewer))).toBe('403 forbidden')
  })
})

describe('looks', () => {
  test('a preview is what the first five will get, an estimate when it ends', async () => {
    const caller = service.as()
    const id = await createCampaign(caller)
    await caller.upload(`/api/campaigns/${id}/recipients`, list)
    expect((await caller.get(`/api/campaigns/${id}/preview`)).body).toMatchObject({
      previews: [
        { position: 1, phone: '09123456789', text: 'سلام علی', characters: 8, missing: null },
        { position: 2, text: 'سلام رضا' },
      ],
    })
    expect((await caller.get(`/api/campaigns/${id}/estimate`)).body).toMatchObject({
      estimate: { pending: 2, interval: '10s', seconds: 10, messagesPerDay: 8_640 },
    })
  })
})

test('a user who asks for too much is told when to come back', async () => {
  const limited = await startCampaignService(servers, { RATE_LIMITS: 'on' })
  try {
    // Far more than a minute's worth: on a busy machine some of it comes back meanwhile.
    const answers = await Promise.all(Array.from({ length: 400 }, () => limited.as().get('/api/campaigns')))
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('1')
    expect((await limited.as({ user: 'other' }).get('/api/campaigns')).status).toBe(200)
  } finally {
    await limited.stop()
  }
})
