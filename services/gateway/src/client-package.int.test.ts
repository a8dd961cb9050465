// @peyk/client as it is published, in a folder where nothing else is: the examples of its README run with it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'

const CLIENT = join(import.meta.dirname, '../../../libs/client')
const examples = [...readFileSync(join(CLIENT, 'README.md'), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, code]) => code ?? '',
)

let fixture: GatewayFixture
let gateway: GatewayProcess
let folder: TemporaryFolder
let built: string
beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway()
  folder = await temporaryFolder()
  const target = join(folder.path, 'node_modules/@peyk/client')
  const { status, stdout } = spawnSync(process.execPath, [join(CLIENT, 'build.mjs'), target], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout)
  built = stdout
}, 120_000)
afterAll(async () => {
  await fixture[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
}, 30_000)

/** Runs an example for a new campaign; `said` is all that it printed. */
const run = async (index: number) => {
  const id = await fixture.campaign()
  const file = join(folder.path, `example-${index}.mjs`)
  const code = (examples[index] ?? '')
    .replace('ws://localhost:3000', `ws://127.0.0.1:${gateway.port}`)
    .replace('campaignId: 1', `campaignId: ${id}`)
  await writeFile(file, code)
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, TOKEN: await token() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  return { id, said: () => said, ended: once(child, 'exit').then(([status]: unknown[]) => status) }
}

/** A campaign that has ended: else its completion is shown to nobody who comes later. */
const end = async (id: Awaited<ReturnType<typeof run>>['id']) => {
  await fixture.publish(id, 'campaign_update', { ...samples.campaign_update, status: 'COMPLETED' })
  await fixture.publish(id, 'completion_update')
}

test('its size is within the limit, and each example has a test', () => {
  expect(built).toMatch(/^@peyk\/client 0\.1\.0: \d+ bytes gzipped/)
  process.stdout.write(built)
  expect(examples).toHaveLength(4)
})

test('a campaign is watched until it ends; then the process ends by itself', async () => {
  const { id, said, ended } = await run(0)
  await fixture.publish(id, 'campaign_update')
  await eventually(() => said().includes('T RUNNING\n'), { what: 'the campaign', deadlineMs: 30_000 })
  await fixture.publish(id, 'progress_update')
  await end(id)
  expect(await ended).toBe(0)
  expect(said()).toBe('T RUNNING\n1 of 2\nT COMPLETED\nCOMPLETED\n')
}, 60_000)

test('with resume, messages of campaign-updates.v2 are heard as well', async () => {
  const { id, said, ended } = await run(1)
  await eventually(() => said() === 'connected\n', { what: 'the connection', deadlineMs: 30_000 })
  await fixture.publish(id, 'error_update', { error: 'Invalid phone number', timestamp })
  await end(id)
  expect(await ended).toBe(0)
  expect(said()).toBe('connected\nInvalid phone number\n')
}, 60_000)

test('a refusal is told in plain words, and the feed stops', async () => {
  const { said, ended } = await run(2)
  expect(await ended).toBe(0)
  const refused = 'REFUSED: The server refused the connection: check campaign, user and token\n'
  expect(said()).toBe(`${refused}${refused}stopped: the most attempts in a row were made\n`)
}, 60_000)

test('it tells whether it is well', async () => {
  const { id, said, ended } = await run(3)
  await end(id)
  expect(await ended).toBe(0)
  expect(said()).toBe('true 1 0\nfalse\n')
}, 60_000)
