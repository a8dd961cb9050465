// Debian's Prometheus scrapes a running stack: every panel of every dashboard has something to show.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'
import { eventually, freePort, installedProgram, temporaryFolder } from '@peyk/testing'
import { stringify } from 'yaml'

import { startTestStack, type TestStack } from '../local/e2e/fixture.ts'
import { command, completion, prepareCampaign } from '../local/e2e/run-campaign.ts'
import { dashboardExpressions, ruleExpressions } from './src/expressions.ts'

const program = installedProgram('prometheus')
/** Debian has it in the package `prometheus`. */
const withPrometheus = program === undefined ? test.skip : test

const configurationFor = (stack: TestStack): object => ({
  global: { scrape_interval: '500ms', evaluation_interval: '1s' },
  rule_files: [join(import.meta.dirname, 'recording-rules.yml'), join(import.meta.dirname, 'alerts.yml')],
  scrape_configs: Object.entries(stack.file().admin).map(([job_name, url]) => ({
    job_name,
    static_configs: [{ targets: [new URL(url).host] }],
  })),
})

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly unknown[] }
}

withPrometheus(
  'a finished campaign is seen on every panel, and no rule fails',
  async () => {
    await using stack = await startTestStack()
    const folder = await temporaryFolder('peyk-prometheus-')
    const port = await freePort()
    const file = join(folder.path, 'prometheus.yml')
    await writeFile(file, stringify(configurationFor(stack)))
    const child = spawn(
      program ?? '',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder.path, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    )
    const ask = async (path: string) =>
      (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as Answer
    try {
      const { id, live } = await prepareCampaign(stack)
      await command(stack, id, 'start')
      await completion(live)
      live.close()
      await eventually(
        async () => {
          const silent: string[] = []
          for (const { source, expr } of dashboardExpressions('1m')) {
            const { error, data } = await ask(`query?query=${encodeURIComponent(expr)}`)
            if (data === undefined || data.result.length === 0)
              silent.push(`${source}: ${error ?? 'no data'}`)
          }
          expect(silent).toEqual([])
          return true
        },
        { deadlineMs: 40_000, what: 'every panel to have data' },
      )
      for (const { source, expr } of await ruleExpressions()) {
        const { status } = await ask(`query?query=${encodeURIComponent(expr)}`)
        expect({ source, status }).toEqual({ source, status: 'success' })
      }
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      await folder.remove()
    }
  },
  120_000,
)
