// Campaigns that the suites of the dashboard look at, made through the API.
import { expect } from '@jest/globals'
import { eventually } from '@peyk/testing'

import type { TestStack } from './fixture.ts'

export const draft = async (stack: TestStack): Promise<number> => {
  const made = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', { message: 'سلام' })
  return made.body.campaign.id
}

/** On the number that the stack has linked already, or on a new one. */
export const readyCampaign = async (stack: TestStack, count: number, interval: string): Promise<number> => {
  const id = await draft(stack)
  const path = `/api/campaigns/${id}`
  const rows = Array.from({ length: count }, (_, index) => `0${String(9_120_000_000 + index)}`)
  const form = new FormData()
  form.append('recipientsFile', new Blob([['phone', ...rows].join('\n')]), 'list.csv')
  await stack.call('POST', `${path}/recipients`, form)
  const total = async () =>
    (await stack.call<{ campaign: { progress: { total: number } } }>('GET', path)).body.campaign.progress
      .total
  await eventually(async () => (await total()) === count, { deadlineMs: 60_000, what: 'the import to end' })
  await stack.call('POST', `${path}/qr-code`, {})
  await eventually(
    async () => (await stack.call<{ isConnected: boolean }>('GET', `${path}/connection`)).body.isConnected,
    { deadlineMs: 30_000, what: 'the number to be linked' },
  )
  await stack.call('PUT', `${path}/interval`, { interval })
  return id
}

export const startedCampaign = async (stack: TestStack, count: number, interval: string): Promise<number> => {
  const id = await readyCampaign(stack, count, interval)
  const { status } = await stack.call('POST', `/api/campaigns/${id}/start`, {})
  expect(status).toBe(200)
  return id
}
