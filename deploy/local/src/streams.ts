// `npm run streams -- plan|apply`: what NATS holds against what it should hold.

import { natsTopology } from '@peyk/contracts'
import { applyStreams, connectNats, formatPlan, planStreams } from '@peyk/messaging'

import { readCommandLine } from './command-line.ts'
import { runningStack } from './running-stack.ts'

const HELP = `npm run streams -- plan|apply [--nats URL] [--replicas N] [--data DIR]

plan shows what differs; apply creates, widens and narrows. A difference in subjects, retention, storage or discard is
never applied.`

const { values, positionals } = readCommandLine(
  {
    allowPositionals: true,
    options: {
      nats: { type: 'string' },
      replicas: { type: 'string', default: '1' },
      data: { type: 'string', default: '.peyk' },
      help: { type: 'boolean', default: false },
    },
  },
  HELP,
)

const run = async (apply: boolean): Promise<void> => {
  const url = values.nats ?? (await runningStack(values.data)).urls.nats
  const nats = await connectNats({ url, name: 'streams' })
  try {
    const topology = natsTopology(Number(values.replicas))
    const plan = apply ? await applyStreams(nats, topology) : await planStreams(nats, topology)
    const isEqual = plan.missing.length === 0 && plan.differences.length === 0
    console.log(isEqual ? 'nothing differs' : formatPlan(plan))
  } finally {
    await nats.close()
  }
}

const [what] = positionals
if (values.help || (what !== 'plan' && what !== 'apply')) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await run(what === 'apply')
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
