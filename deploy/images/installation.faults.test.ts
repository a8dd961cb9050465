// What the Dockerfile installs suffices: a campaign runs on services that were each installed as in their image, by
// `npm ci --omit=dev --ignore-scripts` for that workspace alone.
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { startTestStack, type TestStack } from '../local/e2e/fixture.ts'
import { command, completion, prepareCampaign, reportOf } from '../local/e2e/run-campaign.ts'

const ROOT = join(import.meta.dirname, '../..')
const services = ['gateway', 'campaign', 'sender', 'reporting']
const run = promisify(execFile)

let folder: TemporaryFolder
let stack: TestStack

/** The files that the Dockerfile copies before it installs, of those that are in the repository. */
const sources = async (): Promise<readonly string[]> => {
  const dockerfile = await readFile(join(import.meta.dirname, 'Dockerfile'), 'utf8')
  const stage = dockerfile.slice(
    dockerfile.indexOf('AS packages'),
    dockerfile.indexOf('RUN', dockerfile.indexOf('AS packages')),
  )
  const paths = [...stage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, given = '']) => given.split(' '))
  const { stdout } = await run('git', ['ls-files', ...paths], { cwd: ROOT, maxBuffer: 16 * 1024 ** 2 })
  return stdout.trim().split('\n')
}

const install = async (service: string): Promise<void> => {
  const target = join(folder.path, service)
  for (const file of await sources()) {
    await mkdir(dirname(join(target, file)), { recursive: true })
    await cp(join(ROOT, file), join(target, file))
  }
  const only = [`--workspace=services/${service}`, '--omit=dev', '--ignore-scripts']
  await run('npm', ['ci', ...only, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: target })
}

beforeAll(async () => {
  folder = await temporaryFolder('peyk-images-')
  for (const service of services) await install(service)
  stack = await startTestStack({}, { rootOf: (name) => join(folder.path, name) })
}, 300_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await folder.remove()
}, 60_000)

test('a campaign runs from its message to its report on services that are installed as in their images', async () => {
  const { id, live } = await prepareCampaign(stack)
  await command(stack, id, 'start')
  await completion(live)
  live.close()
  await eventually(async () => (await reportOf(stack, id)).campaign.status === 'COMPLETED')
  expect((await reportOf(stack, id)).totals).toMatchObject({ pending: 0 })
  expect((await stack.inbox()).size).toBe(98)
}, 120_000)
