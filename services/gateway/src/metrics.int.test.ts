// The metrics as Prometheus scrapes them.
import { spawnSync } from 'node:child_process'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { liveMessageTypes } from '@peyk/contracts'
import { eventually, installedProgram } from '@peyk/testing'

import { type GatewayFixture, startGatewayFixture, token } from './testing/gateway-fixture.ts'
import { connect, refusal } from './testing/test-client.ts'

let fixture: GatewayFixture
let scrape = ''
beforeAll(async () => {
  fixture = await startGatewayFixture()
  const gateway = await fixture.startGateway()
  const id = await fixture.campaign()
  const client = await connect(gateway.port, `campaignId=${id}&userId=1&token=${await token()}`)
  for (const type of liveMessageTypes) await fixture.publish(id, type)
  const heard = () => new Set(client.messages.map(({ type }) => type))
  await eventually(() => liveMessageTypes.every((type) => heard().has(type)), { what: 'the messages' })
  await refusal(gateway.port, '/ws/campaigns')
  scrape = await gateway.metrics()
  client.socket.close()
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

const promtool = installedProgram('promtool')
const withPromtool = promtool === undefined ? test.skip : test

withPromtool('promtool finds nothing wrong with a scrape', () => {
  const { status, stdout, stderr } = spawnSync(promtool ?? '', ['check', 'metrics'], {
    input: scrape,
    encoding: 'utf8',
  })
  expect([status, stdout, stderr]).toEqual([0, '', ''])
})

test('no label names a user, a campaign or a number', () => {
  const labels = new Set([...scrape.matchAll(/[{,](\w+)="/g)].map(([, name]) => name))
  expect(labels.size).toBeGreaterThan(3)
  expect([...labels].filter((name) => /user|campaign|phone|tenant|address|token/i.test(name ?? ''))).toEqual(
    [],
  )
})
