// The chart as manifests. Its templates use what Go's own `text/template` knows and nothing of helm's besides, so the real
// engine (as WebAssembly) renders it without helm. Stricter than helm: a value that is not there is an error.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { parse as render } from '@evertdespiegeleer/go-template'
import { parse, parseAllDocuments } from 'yaml'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
}

export const CHART = join(import.meta.dirname, '../../peyk')
const NAMES = '_names.tpl'
const NOTES = 'NOTES.txt'

export type Values = Readonly<Record<string, unknown>>

export const chartValues = async (): Promise<Values> => (await yaml('values.yaml')) as Values

const yaml = async (file: string): Promise<unknown> => parse(await readFile(join(CHART, file), 'utf8'))

const merged = (standard: unknown, own: unknown): unknown => {
  if (own === undefined) return standard
  if (!isTable(standard) || !isTable(own)) return own
  const keys = [...new Set([...Object.keys(standard), ...Object.keys(own)])]
  return Object.fromEntries(keys.map((key) => [key, merged(standard[key], own[key])]))
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The values of the chart with those of an installation over them. */
export const valuesWith = async (own: Values): Promise<Values> => merged(await chartValues(), own) as Values

/** Every manifest of `helm install <release>` with these values. */
export const renderChart = async (release: string, values: Values): Promise<readonly Manifest[]> => {
  const folder = join(CHART, 'templates')
  const names = await readFile(join(folder, NAMES), 'utf8')
  const chart = (await yaml('Chart.yaml')) as { name: string; appVersion: string }
  const data = {
    Release: { Name: release, Namespace: 'peyk' },
    Chart: { Name: chart.name, AppVersion: chart.appVersion },
    Values: values,
  }
  const manifests: Manifest[] = []
  for (const file of (await readdir(folder)).sort()) {
    if (file === NAMES) continue
    const text = await render(names + (await readFile(join(folder, file), 'utf8')), data)
    if (file !== NOTES) manifests.push(...manifestsIn(file, text))
  }
  return manifests
}

const manifestsIn = (file: string, text: string): readonly Manifest[] => {
  // Helm puts a line `---` and `# Source` before each file.
  const documents = [...parseAllDocuments(text, { uniqueKeys: true })]
  for (const { errors } of documents)
    if (errors.length > 0) throw new Error(`${file} is no YAML: ${errors.map(String).join('\n')}\n${text}`)
  return documents.flatMap((document) => (document.toJS() as Manifest | null) ?? [])
}
