// The steps of a campaign through the public door, as tests take them.
import { openAsBlob } from 'node:fs'
import { join } from 'node:path'

import {
  type CampaignReply,
  type ImportReply,
  type LiveMessage,
  liveMessageSchema,
  type ReportReply,
} from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import type { TestStack } from './fixture.ts'

export const RECIPIENTS = join(import.meta.dirname, '../../../examples/recipients.csv')
export const MESSAGE = 'سلام {{name}} عزیز!'

export interface LiveRecord {
  readonly messages: LiveMessage[]
  readonly pings: () => number
  newest<Type extends LiveMessage['type']>(
    type: Type,
  ): Extract<LiveMessage, { type: Type }>['data'] | undefined
  close(): void
}

/** Everything that the live feed says, from now on. */
export const watch = (stack: TestStack, id: number, user = '1', token?: string): LiveRecord => {
  const messages: LiveMessage[] = []
  let pings = 0
  let isClosed = false
  let socket: WebSocket
  const open = () => {
    const url = new URL(`/ws/campaigns?campaignId=${id}&userId=${user}`, stack.url.replace('http', 'ws'))
    if (token !== undefined) url.searchParams.set('token', token)
    socket = new WebSocket(url)
    socket.onmessage = ({ data }) => {
      if (data === 'ping') pings += 1
      else messages.push(liveMessageSchema.parse(JSON.parse(String(data))))
    }
    socket.onclose = () => {
      if (!isClosed) setTimeout(open, 200)
    }
  }
  open()
  return {
    messages,
    pings: () => pings,
    newest: (type) => messages.findLast((message) => message.type === type)?.data as never,
    close: () => {
      isClosed = true
      socket.close()
    },
  }
}

export interface PreparedCampaign {
  readonly id: number
  readonly live: LiveRecord
}

export interface PrepareOptions {
  readonly token?: string
  readonly user?: string
  readonly interval?: string
  readonly message?: string
  /** A csv text instead of the example file. */
  readonly csv?: string
}

/** Creates a campaign, imports recipients, links a number: all but the start. */
export const prepareCampaign = async (
  stack: TestStack,
  options: PrepareOptions = {},
): Promise<PreparedCampaign> => {
  const { token, user = '1', interval = '0.05s', message = MESSAGE, csv } = options
  const created = await stack.call<{ campaign: CampaignReply }>(
    'POST',
    '/api/campaigns',
    { title: 'آزمایش', message },
    { token },
  )
  expectStatus(created, 201)
  const { id } = created.body.campaign
  const live = watch(stack, id, user, token)
  const form = new FormData()
  form.append(
    'recipientsFile',
    csv === undefined ? await openAsBlob(RECIPIENTS) : new Blob([csv]),
    'recipients.csv',
  )
  const imported = await stack.call<{ import: ImportReply }>(
    'POST',
    `/api/campaigns/${id}/recipients`,
    form,
    { token },
  )
  expectStatus(imported, 200)
  await linkNumber(stack, id, live, token)
  expectStatus(await stack.call('PUT', `/api/campaigns/${id}/interval`, { interval }, { token }), 200)
  return { id, live }
}

export const linkNumber = async (
  stack: TestStack,
  id: number,
  live: LiveRecord,
  token?: string,
): Promise<void> => {
  const asked = await stack.call('POST', `/api/campaigns/${id}/qr-code`, {}, { token })
  if (asked.body['isConnected'] === true) return
  await eventually(() => live.newest('status_update')?.status === 'ready', {
    deadlineMs: 30_000,
    what: 'the number to be linked',
  })
  await eventually(
    async () =>
      (await stack.call('GET', `/api/campaigns/${id}/connection`, undefined, { token })).body['isConnected'],
    { what: 'the connection to be told' },
  )
}

export const command = async (
  stack: TestStack,
  id: number,
  name: string,
  token?: string,
): Promise<CampaignReply> => {
  const answer = await stack.call<{ campaign: CampaignReply }>(
    'POST',
    `/api/campaigns/${id}/${name}`,
    {},
    { token },
  )
  expectStatus(answer, 200)
  return answer.body.campaign
}

export const completion = (live: LiveRecord, deadlineMs = 60_000) =>
  eventually(() => live.newest('completion_update'), { deadlineMs, what: 'the campaign to end' })

export const reportOf = async (stack: TestStack, id: number, token?: string): Promise<ReportReply> => {
  const answer = await stack.call<ReportReply>('GET', `/api/campaigns/${id}/report`, undefined, { token })
  expectStatus(answer, 200)
  return answer.body
}

const expectStatus = (
  { status, body }: { readonly status: number; readonly body: unknown },
  expected: number,
): void => {
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${JSON.stringify(body)}`)
}
