import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type CampaignId,
  eventStreams,
  importReplySchema,
  keys,
  problemSchema,
  readRecipientsChunk,
  tenantIdSchema,
} from '@peyk/contracts'
import { openBucket, tryAcquireLease } from '@peyk/messaging'
import { eventually, temporaryFolder } from '@peyk/testing'
import { z } from 'zod'

import { newImport } from '../imports/import-store.ts'
import { writeWorkbook } from '../imports/testing/files.ts'
import {
  type Answer,
  type CampaignService,
  createCampaign,
  eventTypes,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, { MAX_RECIPIENTS: '2500', MAX_UPLOAD: '200KB' })
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

const tenant = tenantIdSchema.parse('acme')
const problem = ({ status, body }: Answer) => {
  const { code, status: told } = problemSchema.parse(body)
  expect(told).toBe(status)
  return `${status} ${code}`
}
const importIn = ({ body }: Answer) => z.object({ import: importReplySchema }).parse(body).import
const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `0912${String(1_000_000 + from + index)}`)
const csvOf = (phones: readonly string[]) =>
  `phone,name\n${phones.map((phone) => `${phone},علی`).join('\n')}\n`
const upload = (id: CampaignId, content: string | Buffer, query = '', headers = {}) =>
  service.as().upload(`/api/campaigns/${id}/recipients${query}`, content, headers)

/** What stands in the streams of chunks: the positions that each begins with, and how many people it holds. */
const chunks = async (id: CampaignId) => {
  const found: [chunk: number, firstPosition: number, recipients: number][] = []
  for (let chunk = 0; chunk < 12; chunk += 1) {
    const stream = eventStreams.recipients(id, chunk)
    if ((await servers.store.headOf(stream)) === undefined) continue
    for await (const event of servers.store.readStream(stream)) {
      const { data } = readRecipientsChunk(event)
      found.push([chunk, data.firstPosition, data.recipients.length])
    }
  }
  return found
}
const uploadsOf = ({ dataDir }: CampaignService) => readdirSync(join(dataDir, 'uploads'))
const totalOf = async (id: CampaignId) => {
  const { body } = await service.as().get(`/api/campaigns/${id}`)
  return z.object({ campaign: z.object({ progress: z.object({ total: z.number() }) }) }).parse(body).campaign
    .progress.total
}

describe('an upload', () => {
  test('of csv: every row is accepted, refused or a duplicate', async () => {
    const id = await createCampaign(service.as())
    const answer = await upload(
      id,
      'موبایل;نام\n09123456789;علی\n+98 912 345 6789;دوباره\n12;بد\n;\n09120000001;\n9.12E+09;x\n',
    )
    expect(answer.status).toBe(200)
    const done = importIn(answer)
    expect(done).toMatchObject({ status: 'done', total: 5, accepted: 1, rejected: 3, duplicates: 1 })
    expect(done.errors.map(({ row, code }) => [row, code])).toEqual([
      [4, 'invalid_phone'],
      [6, 'missing_variable'],
      [7, 'lost_digits'],
    ])
    expect(answer.body).toMatchObject({
      recipientsCount: 1,
      campaign: { status: 'READY', progress: { total: 1 } },
    })
    expect(importIn(await service.as().get(`/api/campaigns/${id}/imports/${done.id}`))).toEqual(done)
    const errors = await service.as().get(done.errorsUrl)
    expect(errors.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(errors.text.trim().split('\n')).toHaveLength(4)
    expect(errors.text).toContain('4,invalid_phone,this is not a valid phone number')
    expect(uploadsOf(service)).toEqual([])
  })

  test('of xlsx, and as JSON', async () => {
    await using folder = await temporaryFolder()
    const path = await writeWorkbook(folder.path, [
      ['phone', 'name'],
      [9123456789, 'علی'],
      ['09120000001', 'رضا'],
    ])
    const id = await createCampaign(service.as())
    expect(importIn(await upload(id, await readFile(path)))).toMatchObject({ accepted: 2 })
    const recipients = [{ phone: '09123456789', name: 'علی' }, { phone: 'x' }]
    const answer = await service.as().send('POST', `/api/campaigns/${id}/recipients`, { recipients })
    expect(importIn(answer)).toMatchObject({ total: 2, accepted: 1, rejected: 1, errors: [{ row: 2 }] })
    expect(await totalOf(id)).toBe(1)
  })

  test('replaces the list and deletes what it replaced, or adds to it', async () => {
    const id = await createCampaign(service.as())
    await upload(id, csvOf(numbers(1_001)))
    expect(await chunks(id)).toEqual([
      [0, 1, 1_000],
      [1, 1_001, 1],
    ])
    await upload(id, csvOf(numbers(3)))
    expect(await chunks(id)).toEqual([[2, 1, 3]])
    const appended = importIn(await upload(id, csvOf(numbers(4, 2)), '?mode=append'))
    expect(appended).toMatchObject({ accepted: 3, duplicates: 1 })
    expect(await chunks(id)).toEqual([
      [2, 1, 3],
      [3, 4, 3],
    ])
    expect(await totalOf(id)).toBe(6)
  })

  test('at the limit is taken, one past it is not, and nothing is half done', async () => {
    const id = await createCampaign(service.as())
    expect(importIn(await upload(id, csvOf(numbers(2_500)))).accepted).toBe(2_500)
    const before = await chunks(id)
    expect(problem(await upload(id, csvOf(numbers(2_501))))).toBe('413 too_many_recipients')
    expect(problem(await upload(id, csvOf(numbers(1, 5_000)), '?mode=append'))).toBe(
      '413 too_many_recipients',
    )
    expect(await totalOf(id)).toBe(2_500)
    expect((await chunks(id)).filter(([, , people]) => people > 0)).toEqual(before)
    expect(
      (await eventTypes(servers.store, id)).filter((type) => type === 'RecipientsImported'),
    ).toHaveLength(1)
  })

  test('that went wrong leaves its numbers unused: the next one comes after them', async () => {
    const id = await createCampaign(service.as())
    expect(problem(await upload(id, csvOf(numbers(2_501))))).toBe('413 too_many_recipients')
    const blanked = await chunks(id)
    expect(blanked.map(([, , people]) => people)).toEqual([0, 0])
    await upload(id, csvOf(numbers(2)))
    expect(await chunks(id)).toEqual([[2, 1, 2]])
  })

  test.each<[string, string | Buffer, string]>([
    ['an empty file', '', '400 invalid_file'],
    ['no column with numbers', 'name\nعلی\n', '400 invalid_file'],
    ['an old Excel file', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0, 0]), '400 invalid_file'],
    ['a damaged xlsx file', 'PK\x03\x04 and no more', '400 invalid_file'],
    ['no row that can be taken', 'phone\n12\n\n13\n', '400 no_valid_recipients'],
    ['a file that is too large', Buffer.alloc(200_001, 'a'), '413 payload_too_large'],
  ])('%s is refused', async (_what, content, expected) => {
    const id = await createCampaign(service.as())
    expect(problem(await upload(id, content))).toBe(expected)
    expect(await eventTypes(servers.store, id)).toEqual(['CampaignCreated'])
    expect(uploadsOf(service)).toEqual([])
  })

  test('a file of exactly the limit is read', async () => {
    const id = await createCampaign(service.as())
    const content = Buffer.alloc(200_000, ' ')
    content.write('phone,name\n09123456789,a\n')
    expect(importIn(await upload(id, content)).accepted).toBe(1)
  })

  test('nothing but a form with its file, or JSON', async () => {
    const path = `/api/campaigns/${await createCampaign(service.as())}/recipients`
    const send = (body: string, type: string) =>
      service.as().send('POST', path, body, { 'content-type': type })
    expect(problem(await send('phone\n1', 'text/csv'))).toBe('415 unsupported_media_type')
    expect(problem(await send('x', 'multipart/form-data'))).toBe('400 invalid_request')
    expect(problem(await send('--b\r\n\r\n', 'multipart/form-data; boundary=b'))).toBe('400 invalid_request')
    expect(problem(await send('--b--\r\n', 'multipart/form-data; boundary=b'))).toBe('400 invalid_request')
    expect(problem(await send('{', 'application/json'))).toBe('400 invalid_json')
    expect(problem(await send('{"recipients":[]}', 'application/json'))).toBe('400 invalid_request')
    expect(problem(await send('{}', 'application/json; charset=utf-8'))).toBe('400 invalid_request')
    expect(problem(await service.as().upload(`${path}?mode=x`, 'phone\n1'))).toBe('400 invalid_request')
  })

  test('that is cut in the middle leaves no file', async () => {
    const id = await createCampaign(service.as())
    const cut = new AbortController()
    const parts = [
      '--b\r\ncontent-disposition: form-data; name="recipientsFile"; filename="a"\r\n\r\nphone\n',
      '1\n'.repeat(50_000),
    ]
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const part = parts.shift()
        if (part !== undefined) controller.enqueue(Buffer.from(part))
      },
    })
    const request = fetch(`${service.url}/api/campaigns/${id}/recipients`, {
      method: 'POST',
      headers: { ...service.as().headers, 'content-type': 'multipart/form-data; boundary=b' },
      body,
      duplex: 'half',
      signal: cut.signal,
    })
    await eventually(() => uploadsOf(service).length === 1)
    cut.abort()
    await expect(request).rejects.toThrow()
    await eventually(() => uploadsOf(service).length === 0)
  })

  test("is for those who may run the campaign; another tenant's is none", async () => {
    const id = await createCampaign(service.as())
    const path = `/api/campaigns/${id}/recipients`
    const list = csvOf(numbers(1))
    expect(problem(await service.anonymous.upload(path, list))).toBe('401 unauthorized')
    expect(problem(await service.as({ user: 'v', roles: ['viewer'] }).upload(path, list))).toBe(
      '403 forbidden',
    )
    expect(problem(await service.as({ tenant: 'b', roles: ['admin'] }).upload(path, list))).toBe(
      '404 campaign_not_found',
    )
  })
})

describe('an import', () => {
  test('with the same key twice is one, also when it failed', async () => {
    const id = await createCampaign(service.as())
    const send = (content: string, key: string) => upload(id, content, '', { 'idempotency-key': key })
    const first = importIn(await send(csvOf(numbers(2)), 'once'))
    expect(importIn(await send(csvOf(numbers(2)), 'once'))).toEqual(first)
    expect(problem(await send('phone\n1\n', 'bad'))).toBe('400 no_valid_recipients')
    expect(problem(await send('phone\n1\n', 'bad'))).toBe('400 no_valid_recipients')
    expect(
      (await eventTypes(servers.store, id)).filter((type) => type === 'RecipientsImported'),
    ).toHaveLength(1)
  })

  test('of a campaign that is being imported into has to wait', async () => {
    const id = await createCampaign(service.as())
    const lease = await tryAcquireLease(servers.nats, {
      bucket: 'leases',
      key: keys.importLease(id),
      owner: 'another process',
    })
    expect(problem(await upload(id, csvOf(numbers(2))))).toBe('409 import_in_progress')
    await lease?.release()
    expect((await upload(id, csvOf(numbers(2)))).status).toBe(200)
  })

  test('that nobody knows is not found', async () => {
    const id = await createCampaign(service.as())
    const path = `/api/campaigns/${id}/imports/6f1c1d0e-5b1a-4c7e-9a52-f0c8f2a7b3d4`
    expect(problem(await service.as().get(path))).toBe('404 import_not_found')
    expect(problem(await service.as().get(`${path}/errors`))).toBe('404 import_not_found')
    expect(problem(await service.as().get(`/api/campaigns/${id}/imports/1`))).toBe('400 invalid_request')
  })

  test('whose process died has failed, and the people it wrote are gone', async () => {
    const id = await createCampaign(service.as())
    const importId = '7f1c1d0e-5b1a-4c7e-9a52-f0c8f2a7b3d4'
    const key = { tenant, campaignId: id, importId }
    await openBucket(servers.nats, 'imports').put(keys.import(tenant, id, importId), newImport(key))
    const recipients = [{ phone: '989123456789', spelling: '09123456789', variables: {} }]
    const data = { importId, chunk: 0, firstPosition: 1, recipients }
    await servers.store.setStreamMetadata(eventStreams.recipients(id, 0), { maxCount: 1 })
    await servers.store.append(
      eventStreams.recipients(id, 0),
      [{ type: 'RecipientsChunkStored', data, metadata: { tenant } }],
      { expectedRevision: 'no-stream' },
    )
    const answer = await service.as().get(`/api/campaigns/${id}/imports/${importId}`)
    expect(importIn(answer)).toMatchObject({ status: 'failed', problem: { code: 'unavailable' } })
    expect(await chunks(id)).toEqual([[0, 1, 0]])
  })

  test('that takes long is answered with its address and goes on', async () => {
    const slow = await startCampaignService(servers, { IMPORT_ANSWER_TIMEOUT: '1ms' })
    try {
      const id = await createCampaign(slow.as())
      const answer = await slow.as().upload(`/api/campaigns/${id}/recipients`, csvOf(numbers(2_000)))
      expect([answer.status, importIn(answer).status]).toEqual([202, 'running'])
      const location = answer.headers.get('location') ?? ''
      await eventually(async () => importIn(await slow.as().get(location)).status === 'done')
      expect(importIn(await slow.as().get(location))).toMatchObject({ accepted: 2_000, rejected: 0 })
      const errors = await slow.as().get(`${location}/errors`)
      expect(errors.text).toBe('row,code,message\n')
    } finally {
      await slow.stop()
    }
  })

  test('that a stop interrupts has failed and left nothing', async () => {
    const doomed = await startCampaignService(servers, { IMPORT_ANSWER_TIMEOUT: '1ms' })
    const id = await createCampaign(doomed.as())
    const answer = await doomed.as().upload(`/api/campaigns/${id}/recipients`, csvOf(numbers(20_000)))
    expect(answer.status).toBe(202)
    await doomed.stop()
    const found = importIn(await service.as().get(answer.headers.get('location') ?? ''))
    expect(found).toMatchObject({ status: 'failed', problem: { code: 'unavailable' } })
    expect((await chunks(id)).filter(([, , people]) => people > 0)).toEqual([])
    expect(await eventTypes(servers.store, id)).toEqual(['CampaignCreated'])
  })
})

test('the template is an xlsx file that an import understands, for everybody', async () => {
  const response = await fetch(`${service.url}/api/campaigns/excel-template/download`)
  expect(response.status).toBe(200)
  const template = Buffer.from(await response.arrayBuffer())
  const id = await createCampaign(service.as())
  expect(importIn(await upload(id, template))).toMatchObject({ accepted: 1, rejected: 0 })
})

test('lists are the same after their file was deleted', async () => {
  const before = await service.as().get('/api/campaigns?limit=100')
  expect(existsSync(join(service.dataDir, 'catalogue.sqlite'))).toBe(true)
  const fresh = await startCampaignService(servers)
  try {
    await eventually(async () => (await fresh.as().get('/api/campaigns?limit=100')).text === before.text)
  } finally {
    await fresh.stop()
  }
})
