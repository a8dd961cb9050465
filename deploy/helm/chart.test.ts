// The chart without helm and without a cluster: what it renders follows Kubernetes' own schemas, what it tells the services
// are settings that they know, and values that make no sense are refused before anything is installed.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'
import { readSettings } from '@peyk/service-kit'
import { Ajv, type ValidateFunction } from 'ajv'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { Service } from 'kubernetes-models/v1/Service'

import { processSettings } from '../../libs/service-kit/src/config/settings.ts'
import { settings as campaign } from '../../services/campaign/src/config.ts'
import { settings as gateway } from '../../services/gateway/src/config.ts'
import { settings as reporting } from '../../services/reporting/src/config.ts'
import { settings as sender } from '../../services/sender/src/config.ts'
import { serviceNames } from '../nats/src/permissions.ts'
import { CHART, renderChart, valuesWith, type Manifest, type Values } from './src/testing/render.ts'

const settingsOf = { campaign, sender, gateway, reporting }
const kinds: Readonly<Record<string, new (data: never) => { validate: () => void }>> = {
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
}
const everythingOn: Values = {
  image: { pullSecrets: ['registry'] },
  tracing: { endpoint: 'http://collector.monitoring:4318', sampledShare: 0.1 },
  ingress: { enabled: true, className: 'nginx', host: 'peyk.example.com', tlsSecret: 'peyk-tls' },
  networkPolicy: { ingressNamespace: 'ingress-nginx' },
  services: {
    campaign: { data: { storageClass: 'fast' } },
    sender: { tag: '0.0.9', environment: { PACING_MIN_INTERVAL: '6s' } },
  },
}

const rendered = async (own: Values = {}) => renderChart('peyk', await valuesWith(own))

/** Kubernetes' own schema of this kind says so, or throws what is wrong. */
const validate = (manifest: Manifest): void => {
  const Kind = kinds[manifest.kind]
  if (Kind === undefined) throw new Error(`nobody checks a ${manifest.kind}`)
  new Kind(manifest as never).validate()
}

const named = (manifests: readonly Manifest[], kind: string, name: string): unknown => {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name)
  if (found.length !== 1) throw new Error(`${found.length} manifests are the ${kind} ${name}`)
  return found[0]
}

const podOf = (manifests: readonly Manifest[], name: string) => {
  const { spec } = named(manifests, 'Deployment', `peyk-${name}`) as Deployment
  const pod = spec!.template.spec!
  return { deployment: spec!, pod, container: pod.containers[0]! }
}

describe('what is rendered', () => {
  test.each([
    ['as it comes', {}],
    ['with everything on', everythingOn],
    ['with all that can be off', { networkPolicy: { enabled: false } }],
  ])('%s follows the schemas of Kubernetes', async (_, own) => {
    const manifests = await rendered(own)
    manifests.forEach(validate)
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test('a field of the wrong type would be noticed', async () => {
    const [first] = (await rendered()).filter(({ kind }) => kind === 'Deployment')
    const broken = structuredClone(first) as unknown as {
      spec: { template: { spec: { containers: unknown } } }
    }
    broken.spec.template.spec.containers = 'one'
    expect(() => {
      validate(broken as unknown as Manifest)
    }).toThrow(/containers/)
  })

  test('a value that the templates name and nobody gives is an error', async () => {
    const rest = { ...(await valuesWith({})), logLevel: undefined }
    await expect(renderChart('peyk', rest)).rejects.toThrow()
  })
})

describe.each(serviceNames)('%s', (name) => {
  test('gets settings that it knows, and secrets by reference alone', async () => {
    const { container } = podOf(await rendered(everythingOn), name)
    expect(container.envFrom).toEqual([{ secretRef: { name: `peyk-${name}` } }])
    const environment = Object.fromEntries((container.env ?? []).map((each) => [each.name, each.value ?? '']))
    const own = processSettings({ adminPort: 1 })
    const known = new Set([...Object.keys(settingsOf[name].shape), ...Object.keys(own.shape)])
    // OpenTelemetry's SDK reads these itself.
    const ours = Object.keys(environment).filter((key) => !key.startsWith('OTEL_TRACES_SAMPLER'))
    expect(ours.filter((key) => !known.has(key))).toEqual([])
    expect(readSettings(own, environment)).toMatchObject({ LOG_LEVEL: 'info' })
  })

  test('is probed, drains, asks for what it needs, and can change nothing but its data', async () => {
    const { pod, container } = podOf(await rendered(), name)
    expect(container.livenessProbe?.httpGet).toMatchObject({ path: '/livez', port: 'admin' })
    expect(container.readinessProbe?.httpGet).toMatchObject({ path: '/readyz', port: 'admin' })
    expect(container.lifecycle?.preStop?.exec?.command).toEqual(['sleep', '5'])
    // The hook and STOP_DEADLINE (25 s) have to fit.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(5 + 25)
    expect(Object.keys(container.resources?.requests ?? {})).toEqual(['cpu', 'memory'])
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    })
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true })
  })

  test('leaves one pod at a time', async () => {
    const manifests = await rendered()
    const { deployment } = podOf(manifests, name)
    const budget = named(manifests, 'PodDisruptionBudget', `peyk-${name}`) as PodDisruptionBudget
    expect(budget.spec).toEqual({ maxUnavailable: 1, selector: deployment.selector })
    expect(deployment.strategy?.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
    expect(deployment.template.metadata?.labels).toMatchObject(deployment.selector.matchLabels!)
  })
})

test('gateway and sender scale, and then nobody else says how many there are', async () => {
  const manifests = await rendered()
  const scaled = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
  expect(scaled.map(({ metadata }) => metadata.name)).toEqual(['peyk-gateway', 'peyk-sender'])
  const replicas = serviceNames.map((name) => [name, podOf(manifests, name).deployment.replicas])
  expect(Object.fromEntries(replicas)).toEqual({ campaign: 2, reporting: 2 })
})

test('nobody but the gateway reaches campaign and reporting, and nobody reaches the sender', async () => {
  const manifests = await rendered()
  const allowed = (name: string) =>
    (named(manifests, 'NetworkPolicy', `peyk-${name}`) as NetworkPolicy).spec?.ingress
  for (const name of ['campaign', 'reporting'])
    expect(allowed(name)).toMatchObject([
      { from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'gateway' } } }] },
    ])
  expect(allowed('sender')).toBeUndefined()
})

describe('values', () => {
  const schema = async (): Promise<ValidateFunction> =>
    new Ajv({ allErrors: true }).compile(
      JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8')) as object,
    )

  test.each([
    ['as they come', {}],
    ['with everything on', everythingOn],
  ])('%s are accepted', async (_, own) => {
    const isValid = await schema()
    expect([isValid(await valuesWith(own)), isValid.errors]).toEqual([true, null])
  })

  test.each<[string, Values]>([
    ['a key that is misspelt', { naturalReplicas: 3 }],
    ['two copies of a stream', { natsReplicas: 2 }],
    ['a log level that is none', { logLevel: 'loud' }],
    ['a secret written out where its name belongs', { services: { sender: { secret: 'KEY=abc def' } } }],
    ['a number that is text', { services: { gateway: { replicas: '2' } } }],
    ['no pod', { services: { campaign: { replicas: 0 } } }],
    ['memory without a unit', { services: { sender: { resources: { memory: '768' } } } }],
    [
      'autoscaling of a service that keeps rows',
      { services: { reporting: { autoscaling: { enabled: true } } } },
    ],
    ['an ingress without a host', { ingress: { enabled: true } }],
    ['a share above one', { tracing: { sampledShare: 10 } }],
    ['a setting in small letters', { services: { sender: { environment: { log_level: 'info' } } } }],
  ])('%s is refused', async (_, own) => {
    expect((await schema())(await valuesWith(own))).toBe(false)
  })
})
