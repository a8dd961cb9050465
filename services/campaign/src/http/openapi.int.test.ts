// The description is what is served, what stands in deploy/contracts, and what the routes really do.
import { readFile, writeFile } from 'node:fs/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'

import {
  type CampaignService,
  createCampaign,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'
import { routeTable } from './testing/route-table.ts'

const FILE = new URL('../../../../deploy/contracts/openapi.json', import.meta.url)
const RUNS = 150

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService
let document: z.infer<typeof documentSchema>

const operationSchema = z.object({
  parameters: z.array(z.object({ name: z.string(), in: z.string() })),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.unknown()),
})
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
})

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, { FIRST_SEND_DELAY: '1h' })
  document = documentSchema.parse((await service.anonymous.get('/api/openapi.json')).body)
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

test('what is served is what is published; UPDATE_CONTRACTS=1 publishes it anew', async () => {
  const { body } = await service.anonymous.get('/api/openapi.json')
  const served = `${JSON.stringify(body, null, 2)}\n`
  if (process.env['UPDATE_CONTRACTS'] === '1') await writeFile(FILE, served)
  expect(await readFile(FILE, 'utf8')).toBe(served)
})

test('every route is described, and has its row in the contract test', () => {
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/gu, ':$1')}`),
  )
  const imports = described.filter((route) => route.includes(':importId'))
  expect(described.toSorted()).toEqual([...imports, ...routeTable.map(({ route }) => route)].toSorted())
})

/** Values of the right form, of a wrong one, and hostile ones. */
const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    "' or 1=1 --",
    '%',
    '..',
    'null',
    '-1',
    '1e9',
    '{{name}}',
    '٠٩١٢',
    'title',
    'asc',
    '10s',
    'all',
  ),
)
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
)
const names = [
  'message',
  'title',
  'interval',
  'sendType',
  'phone',
  'recipients',
  'sessionId',
  'method',
  'expiresIn',
]

test('requests made from the description get no 500 and no answer outside it', async () => {
  const id = await createCampaign(service.as())
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const request = fc.record({
    operation: fc.constantFrom(...operations),
    id: fc.oneof(fc.constant(String(id)), text),
    query: fc.boolean(),
    values: fc.array(text, { minLength: 12, maxLength: 12 }),
    body: fc.option(fc.oneof(fc.dictionary(fc.constantFrom(...names), value), value), { nil: undefined }),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ operation: { path, method, operation }, body, ...asked }) => {
      const query = new URLSearchParams()
      if (asked.query)
        operation.parameters.forEach(({ name, in: place }, index) => {
          if (place === 'query') query.set(name, (asked.values[index] ?? '').toWellFormed())
        })
      const filled = path.replace(/\{\w+\}/gu, encodeURIComponent(asked.id.toWellFormed()))
      const answer = await service
        .as()
        .send(
          method.toUpperCase(),
          `${filled}?${query.toString()}`,
          method === 'get' ? undefined : JSON.stringify(body),
        )
      const told = `${method} ${filled} ${answer.status} ${answer.text}`
      if (answer.status >= 500) throw new Error(told)
      const isDescribed = Object.hasOwn(operation.responses, String(answer.status))
      const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true
      if (!isDescribed && !isProblem) throw new Error(told)
    }),
    { numRuns: RUNS },
  )
}, 60_000)
