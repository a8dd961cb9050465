// The metrics as Prometheus scrapes them.
import { spawnSync } from 'node:child_process'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { liveMessageTypes } from '@peyk/contracts'
import { eventually, installedProgram } from '@peyk/testing'

import { type GatewayFixture, startGatewayFixture, token } from './testing/gateway-fixture.ts'
import { connect, refusal } from './testing/test-client.ts'

const promised = [
  ...['connections', 'connections_opened_total', 'connections_closed_total', 'upgrades_total'],
  ...['upgrade_duration_seconds', 'messages_consumed_total', 'messages_sent_total', 'messages_dropped_total'],
  ...['messages_conflated_total', 'messages_received_total', 'errors_total', 'sent_bytes_total'],
  ...['delivery_duration_seconds', 'fanout_subscribers', 'flush_frames', 'client_round_trip_seconds'],
  ...['pong_timeouts_total', 'send_buffer_bytes', 'slow_consumer_disconnects_total', 'resumes_total'],
  ...['campaigns_active', 'nats_connected', 'consumer_resets_total', 'consumer_lag_messages'],
  ...['consumer_last_activity_timestamp_seconds', 'draining', 'build_info'],
]

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
  await eventually(() => client.pings() > 1, { what: 'an answered ping' })
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

test('all that operators are promised is there', () => {
  const told = new Set([...scrape.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  expect(promised.filter((name) => !told.has(`ws_gateway_${name}`))).toEqual([])
  expect(scrape).toContain('ws_gateway_connections{protocol="plain"} 1')
  expect(scrape).toMatch(/^ws_gateway_build_info{version="[\d.]+"} 1$/m)
  expect(scrape).toMatch(/^ws_gateway_client_round_trip_seconds_count [1-9]/m)
})

test('no label names a user, a campaign or a number', () => {
  const labels = new Set([...scrape.matchAll(/[{,](\w+)="/g)].map(([, name]) => name))
  expect(labels.size).toBeGreaterThan(3)
  expect([...labels].filter((name) => /user|campaign|phone|tenant|address|token/i.test(name ?? ''))).toEqual(
    [],
  )
})
