// What has to hold of the image and of compose, where no Docker engine can say it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readSettings } from '@peyk/service-kit'
import { installedProgram, temporaryFolder, type TemporaryFolder } from '@peyk/testing'
import { parse } from 'yaml'

import { settings as campaign } from '../../services/campaign/src/config.ts'
import { settings as gateway } from '../../services/gateway/src/config.ts'
import { settings as reporting } from '../../services/reporting/src/config.ts'
import { settings as sender } from '../../services/sender/src/config.ts'
import { processSettings } from '../../libs/service-kit/src/config/settings.ts'
import { serviceNames } from '../nats/src/permissions.ts'
import { makeSecrets } from './src/secrets.ts'

interface ComposeService {
  readonly image: string
  readonly build?: { readonly args: Readonly<Record<string, string>> }
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly deploy?: { readonly replicas: number }
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const folder = import.meta.dirname
const read = async (file: string) =>
  parse(await readFile(join(folder, file), 'utf8'), { merge: true }) as unknown
const settingsOf = { campaign, sender, gateway, reporting }
const adminPorts = { gateway: 9464, campaign: 9465, sender: 9466, reporting: 9467 }

let compose: Compose
let dockerfile: string
let secrets: TemporaryFolder
const environments = new Map<string, Record<string, string>>()

beforeAll(async () => {
  compose = (await read('compose.yml')) as Compose
  dockerfile = await readFile(join(folder, '../images/Dockerfile'), 'utf8')
  secrets = await temporaryFolder('peyk-secrets-')
  await makeSecrets(secrets.path)
  for (const name of serviceNames) {
    const lines = (await readFile(join(secrets.path, `${name}.env`), 'utf8')).trim().split('\n')
    const pairs = lines.map((line): [string, string] => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1),
    ])
    environments.set(name, { ...Object.fromEntries(pairs), ...compose.services[name]?.environment })
  }
})
afterAll(() => secrets.remove())

describe.each(serviceNames)('%s', (name) => {
  const definition = () => {
    const found = compose.services[name]
    if (found === undefined) throw new Error(`${name} is not in compose.yml`)
    return found
  }

  test('starts with these settings, and knows every one of them', () => {
    const schema = settingsOf[name]
    const own = processSettings({ adminPort: adminPorts[name] })
    const image = { DATA_DIR: '/data', ADMIN_HOST: '0.0.0.0', ADMIN_PORT: String(adminPorts[name]) }
    const environment = { ...image, ...environments.get(name) }
    expect(readSettings(schema, environment)).toBeDefined()
    expect(readSettings(own, environment)).toMatchObject({ ADMIN_PORT: adminPorts[name] })
    const known = new Set([...Object.keys(schema.shape), ...Object.keys(own.shape)])
    expect(Object.keys(environments.get(name) ?? {}).filter((key) => !known.has(key))).toEqual([])
  })

  test('is built as itself, with its admin port, and can change nothing but its data', () => {
    const { build, read_only, cap_drop, networks } = definition()
    expect(build?.args).toEqual({ SERVICE: name, ADMIN_PORT: String(adminPorts[name]) })
    expect([read_only, cap_drop]).toEqual([true, ['ALL']])
    expect(networks).toContain('inside')
  })

  test('is not reached from outside, but by the proxy', () => {
    expect(definition().ports).toBeUndefined()
  })
})

test('two senders and two gateways, three nodes of NATS', () => {
  const { services } = compose
  expect([services['sender']?.deploy?.replicas, services['gateway']?.deploy?.replicas]).toEqual([2, 2])
  expect(Object.keys(services).filter((name) => name.startsWith('nats-'))).toHaveLength(3)
})

test('everything has a health check but what has no program to check with', () => {
  const without = Object.entries(compose.services).filter(([, each]) => each.healthcheck === undefined)
  expect(without.map(([name]) => name).sort()).toEqual([...serviceNames, 'collector', 'jaeger'].sort())
  expect(dockerfile).toMatch(/^HEALTHCHECK .*\n?.*\/livez/m)
})

const dockerCompose = installedProgram('docker-compose')
const withDockerCompose = dockerCompose === undefined ? test.skip : test

withDockerCompose('`docker-compose config` finds nothing wrong', async () => {
  await using project = await temporaryFolder('peyk-compose-')
  await copyFile(join(folder, 'compose.yml'), join(project.path, 'compose.yml'))
  await makeSecrets(join(project.path, 'secrets'))
  const { status, stderr } = spawnSync(dockerCompose ?? '', ['config', '--quiet'], {
    cwd: project.path,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('every file and volume that is mounted is there; images have a version', async () => {
  for (const [name, { volumes = [], image, build }] of Object.entries(compose.services)) {
    for (const [source = ''] of volumes.map((each) => each.split(':'))) {
      const isThere = source.startsWith('.')
        ? source.startsWith('./secrets/') || existsSync(join(folder, source))
        : source in compose.volumes
      expect({ name, source, isThere }).toEqual({ name, source, isThere: true })
    }
    if (build === undefined) expect(image).toMatch(/:v?\d+\.\d+/)
  }
  const accounts = await readFile(join(secrets.path, 'nats/server/accounts.conf'), 'utf8')
  expect(accounts).not.toMatch(/\bSU[A-Z2-7]{40}/)
})

test('secrets are readable by their owner alone, and stay when they are made again', async () => {
  const files = [
    ...serviceNames.map((name) => `${name}.env`),
    'jwt-secret',
    'credentials-keys',
    'nats/operator.seed',
  ]
  const contents = () => Promise.all(files.map((file) => readFile(join(secrets.path, file), 'utf8')))
  const before = await contents()
  await makeSecrets(secrets.path)
  expect(await contents()).toEqual(before)
  for (const file of files) expect((await stat(join(secrets.path, file))).mode & 0o077).toBe(0)
})

test('Prometheus scrapes the admin port of each service', async () => {
  const { scrape_configs } = (await read('../prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[]
  }
  expect(
    scrape_configs.map(({ job_name, dns_sd_configs: [dns] }) => [job_name, dns?.names, dns?.port]),
  ).toEqual(Object.entries(adminPorts).map(([name, port]) => [name, [name], port]))
})

test('Grafana reads the dashboards and the data from where compose puts them', async () => {
  const { providers } = (await read('../grafana/provisioning/dashboards/peyk.yml')) as {
    providers: { options: { path: string } }[]
  }
  expect(compose.services['grafana']?.volumes).toContain(
    `../grafana/dashboards:${providers[0]?.options.path ?? ''}:ro`,
  )
  const { datasources } = (await read('../grafana/provisioning/datasources/peyk.yml')) as {
    datasources: { uid: string; url: string }[]
  }
  for (const { url } of datasources) expect(Object.keys(compose.services)).toContain(new URL(url).hostname)
})

describe('the image', () => {
  test('runs as a user without rights, under tini, on packages alone that run no script', () => {
    expect(dockerfile).toMatch(/^USER node$/m)
    expect(dockerfile).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--", "node"/m)
    expect(dockerfile).toMatch(/npm ci --omit=dev --ignore-scripts/)
    expect(dockerfile.indexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('RUN '))
    expect(dockerfile).toMatch(/peyk\.sbom=/)
  })
})
