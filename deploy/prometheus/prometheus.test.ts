// Rules, their cases, dashboards and runbooks, as Prometheus' own tool reads them.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from '@jest/globals'
import { installedProgram } from '@peyk/testing'
import { parse, stringify } from 'yaml'

import { dashboards } from '../grafana/src/dashboards.ts'
import { dashboardFile, dashboardText } from '../grafana/src/files.ts'
import {
  dashboardExpressions,
  metricNames,
  metricsInScrape,
  metricsInUse,
  readRules,
} from './src/expressions.ts'

const folder = import.meta.dirname
const run = promisify(execFile)
const promtool = installedProgram('promtool')
/** Debian has it in the package `prometheus`. */
const withPromtool = promtool === undefined ? describe.skip : describe

withPromtool(promtool === undefined ? 'SKIPPED: no promtool on the PATH' : 'promtool', () => {
  const check = async (...args: string[]) => (await run(promtool ?? '', args, { cwd: folder })).stdout

  test('takes the rules and both configurations', async () => {
    expect(await check('check', 'rules', 'recording-rules.yml', 'alerts.yml')).toContain('SUCCESS')
    expect(await check('check', 'config', 'prometheus.yml')).toContain('SUCCESS')
    expect(await check('check', 'config', 'prometheus.local.yml')).toContain('SUCCESS')
  })

  test('each alert fires in its case and stays quiet in the other', async () => {
    expect(await check('test', 'rules', 'tests/alerts.test.yml')).toContain('SUCCESS')
  })

  test('reads every expression of the dashboards', async () => {
    const rules = dashboardExpressions('1m').map(({ expr }, index) => ({ record: `panel:${index}`, expr }))
    const temporary = await mkdtemp(join(tmpdir(), 'peyk-panels-'))
    try {
      const file = join(temporary, 'panels.yml')
      await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }))
      expect(await check('check', 'rules', file)).toContain(`${rules.length} rules found`)
    } finally {
      await rm(temporary, { recursive: true })
    }
  })
})

describe('alerts', () => {
  test('each has a severity, a summary, a description and a runbook that is there', async () => {
    for (const { alert, labels, annotations } of await readRules('alerts.yml')) {
      const { summary = '', description = '', runbook = '' } = annotations ?? {}
      expect({ alert, severity: labels?.['severity'] }).toEqual({
        alert,
        severity: expect.stringMatching(/^(page|ticket)$/),
      })
      expect(summary.length * description.length).toBeGreaterThan(0)
      expect({ alert, isThere: existsSync(join(folder, '../..', runbook)) }).toEqual({ alert, isThere: true })
    }
  })

  test('each has a case that fires and one that stays quiet', async () => {
    const { tests } = parse(await readFile(join(folder, 'tests/alerts.test.yml'), 'utf8')) as {
      tests: { name: string }[]
    }
    const names = (await readRules('alerts.yml')).map(({ alert }) => alert ?? '')
    expect(tests.map(({ name }) => name)).toEqual(
      names.flatMap((name) => [`${name} fires`, `${name} stays quiet`]),
    )
  })

  test('each page of an alert belongs to one', async () => {
    const used = (await readRules('alerts.yml')).map(({ annotations }) => annotations?.['runbook'])
    const pages = await readdir(join(folder, '../runbooks/alerts'))
    expect(pages.map((page) => `deploy/runbooks/alerts/${page}`).sort()).toEqual(used.sort())
  })
})

describe('dashboards', () => {
  test('each panel has a unit, a description and a query, and its title is used once', () => {
    for (const { title, rows } of dashboards) {
      const panels = rows.flatMap((row) => row.panels)
      for (const panel of panels) {
        expect(panel.description).toMatch(/^\S.{10,}[.]$/)
        expect(panel.queries.length).toBeGreaterThan(0)
      }
      expect({ title, panels: new Set(panels.map((panel) => panel.title)).size }).toEqual({
        title,
        panels: panels.length,
      })
    }
  })

  test.each(dashboards)('$title is as it was written: npm run dashboards', async (dashboard) => {
    const file = join(folder, '../grafana', dashboardFile(dashboard))
    expect(await readFile(file, 'utf8')).toBe(dashboardText(dashboard))
  })
})

describe('the metrics of an expression', () => {
  test.each([
    ['sum by (job) (rate(a_total{b="c",d=~"e|f"}[5m])) / on (job) g > bool 0.1', ['a_total', 'g']],
    ['histogram_quantile(0.95, sum by (le) (rate(h_bucket[1m]))) or vector(0)', ['h_bucket']],
    ['max(slo:x:ratio5m) > max(y offset 15m) and z unless 1e3 == 2h', ['slo:x:ratio5m', 'y', 'z']],
  ])('%s', (expr, names) => {
    expect(metricNames(expr)).toEqual(names)
  })

  test('are found in ours, and in a scrape by series or by type', async () => {
    const used = await metricsInUse()
    expect(used).toContain('consumer_failures_in_a_row')
    expect(used).not.toContain('up')
    expect(metricsInScrape('# TYPE a_total counter\nb{c="d"} 1\ne 2\n# HELP f F\n')).toEqual(
      new Set(['a_total', 'b', 'e']),
    )
  })
})
