// The contract of every route: what it answers to a good request, to a bad one, to strangers, in a wrong state, and
// when it comes twice.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CampaignId, problemSchema } from '@peyk/contracts'

import {
  type Answer,
  type Caller,
  type CampaignService,
  createCampaign,
  eventTypes,
  linkNumber,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'
import { campaignIn, type MadeState } from './testing/campaign-in.ts'
import { type RouteRow, routeTable } from './testing/route-table.ts'

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService
let owner: Caller

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, { FIRST_SEND_DELAY: '1h' })
  owner = service.as()
  await linkNumber(owner, servers.store, await createCampaign(owner))
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

const problem = ({ status, body, text }: Answer) => {
  const parsed = problemSchema.safeParse(body)
  if (!parsed.success) return `${status} ${text}`
  const { code, status: told, errors } = parsed.data
  expect(told).toBe(status)
  return `${status} ${code}${errors === undefined ? '' : ` ${errors.map(({ path }) => path).join()}`}`
}

type Sent = Pick<RouteRow, 'body' | 'file' | 'query'> & { readonly key?: string }

const call = (caller: Caller, { route }: RouteRow, id: CampaignId | undefined, sent: Sent = {}) => {
  const [method = '', pattern = ''] = route.split(' ')
  const path = `${pattern.replace(':id', String(id))}${sent.query ?? ''}`
  const headers = sent.key === undefined ? {} : { 'idempotency-key': sent.key }
  return sent.file === undefined
    ? caller.send(method, path, sent.body, headers)
    : caller.upload(path, sent.file, headers)
}

const isOfCampaign = ({ route }: RouteRow) => route.includes('/:id')
const isCommand = ({ route }: RouteRow) => !route.startsWith('GET')
const make = async (row: RouteRow, state: MadeState = row.from ?? 'DRAFT') =>
  isOfCampaign(row) ? campaignIn(state, owner, servers.store) : undefined
const newKey = () => `key-${Math.random()}`

describe.each(routeTable)('$route', (row) => {
  test('a good request', async () => {
    // Unlinking ends the only number of the others.
    const caller = row.route.endsWith('cleanup-session') ? service.as({ user: 'cleaner' }) : owner
    const id = caller === owner ? await make(row) : await createCampaign(caller)
    const answer = await call(caller, row, id, row)
    expect(`${answer.status} ${answer.status === row.status ? '' : answer.text}`).toBe(`${row.status} `)
  })

  for (const bad of row.bad)
    test(`refuses ${JSON.stringify(bad)}`, async () => {
      expect(problem(await call(owner, row, await make(row), bad))).toContain(bad.told)
    })

  if (row.access !== 'public')
    test('without a token, and with one that is wrong', async () => {
      expect(problem(await call(service.anonymous, row, undefined, row))).toBe('401 unauthorized')
    })

  if (isOfCampaign(row)) describeStrangers(row)

  if (row.access === 'create')
    test('of a role that may not', async () => {
      const viewer = service.as({ roles: ['viewer'] })
      expect(problem(await call(viewer, row, undefined, row))).toBe('403 forbidden')
    })

  for (const [state, told] of row.refusedIn ?? [])
    test(`in ${state} it is ${told}`, async () => {
      const id = await make(row, state)
      const before = await eventTypes(servers.store, id!)
      expect(problem(await call(owner, row, id, row))).toBe(told)
      expect(await eventTypes(servers.store, id!)).toEqual(before)
    })

  if (isCommand(row) && !row.route.endsWith('cleanup-session')) describeRepeats(row)
})

function describeStrangers(row: RouteRow) {
  test("another tenant's and another member's campaign is none; an unknown one too", async () => {
    const id = await make(row)
    const strangers = [service.as({ tenant: 'other', roles: ['admin'] }), service.as({ user: 'u2' })]
    for (const stranger of strangers)
      expect(problem(await call(stranger, row, id, row))).toBe('404 campaign_not_found')
    expect(problem(await call(service.as({ campaigns: [999_999] }), row, id, row))).toBe(
      '404 campaign_not_found',
    )
    const [method = '', path = ''] = row.route.split(' ')
    const unknown = { ...row, route: `${method} ${path.replace(':id', '999999')}` }
    expect(problem(await call(owner, unknown, undefined, row))).toBe('404 campaign_not_found')
    const malformed = { ...row, route: `${method} ${path.replace(':id', '1e3')}` }
    expect(problem(await call(owner, malformed, undefined, row))).toBe('400 invalid_request params.id')
  })

  test('a viewer reads, an operator runs', async () => {
    const id = await make(row)
    const viewed = await call(service.as({ user: 'u3', roles: ['viewer'] }), row, id, row)
    if (row.access === 'read') expect(viewed.status).toBe(row.status)
    else expect(problem(viewed)).toBe('403 forbidden')
    if (row.access === 'link' || row.access === 'read-and-create')
      expect(problem(await call(service.as({ campaigns: [id!] }), row, id, row))).toBe('403 forbidden')
    else
      expect((await call(service.as({ user: 'u4', roles: ['operator'] }), row, id, row)).status).toBe(
        row.status,
      )
  })
}

function describeRepeats(row: RouteRow) {
  test('twice with one Idempotency-Key it is done once', async () => {
    const id = await make(row)
    const sent = { ...row, key: newKey() }
    const first = await call(owner, row, id, sent)
    expect(first.status).toBe(row.status)
    const events = id === undefined ? [] : await eventTypes(servers.store, id)
    const again = await call(owner, row, id, sent)
    expect(again.status).toBe(row.status)
    if (id !== undefined) expect(await eventTypes(servers.store, id)).toEqual(events)
  })

  if (row.other !== undefined)
    test('the key with another request is refused', async () => {
      const id = await make(row)
      const key = newKey()
      expect((await call(owner, row, id, { ...row, key })).status).toBe(row.status)
      expect(problem(await call(owner, row, id, { ...row.other, key }))).toBe('422 idempotency_key_reused')
      expect((await call(owner, row, id, { ...row.other, key: newKey() })).status).toBe(row.status)
    })
}
