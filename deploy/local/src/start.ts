// `npm start`: the whole of Peyk on this machine, until Ctrl-C.
import { resolve } from 'node:path'

import { readCommandLine } from './command-line.ts'
import { cleanData, StartRefused } from './data-folder.ts'
import { readableLine } from './log-lines.ts'
import { type Stack, startStack } from './stack.ts'

const HELP = `npm start -- [options]

  --port N                the public port (default 3000); the two internal ones follow it
  --admin-base N          the first of the four ports of /livez, /readyz and /metrics (default 9464)
  --data DIR              where everything is kept (default .peyk)
  --clean                 begin with an empty folder
  --whatsapp test|live    a WhatsApp of our own (default), or the real one
  --fast                  with the test WhatsApp: no caps, no waits, intervals from 0.01 s
  --eventstore URL        an EventStoreDB or KurrentDB of your own
  --nats URL              NATS servers of your own
  --no-dashboard          without the dashboard
`

const options = {
  port: { type: 'string', default: '3000' },
  'admin-base': { type: 'string', default: '9464' },
  data: { type: 'string', default: '.peyk' },
  clean: { type: 'boolean', default: false },
  whatsapp: { type: 'string', default: 'test' },
  fast: { type: 'boolean', default: false },
  eventstore: { type: 'string' },
  nats: { type: 'string' },
  'no-dashboard': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const portOf = (text: string, option: string): number => {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_530)
    throw new StartRefused(`${option} must be a port: ${text}`)
  return port
}

const run = async (signal: AbortSignal): Promise<Stack | undefined> => {
  const { values } = readCommandLine({ options }, HELP)
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const { whatsapp } = values
  if (whatsapp !== 'test' && whatsapp !== 'live') throw new StartRefused('--whatsapp is test or live')
  const data = resolve(values.data)
  if (values.clean) await cleanData(data)
  const port = portOf(values.port, '--port')
  const stack = await startStack({
    data,
    port,
    adminBase: portOf(values['admin-base'], '--admin-base'),
    whatsapp,
    fast: values.fast,
    eventstoreUrl: values.eventstore,
    natsUrl: values.nats,
    signal,
    onLine: (name, line) => console.log(readableLine(name, line)),
    // A QR links an account: it goes to somebody who looks at a terminal, never into a file or a pipe.
    showQr: process.stdout.isTTY ? (drawing) => console.log(drawing) : undefined,
  })
  console.log(`Peyk is ready: http://localhost:${port}`)
  return stack
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!stopping.signal.aborted) console.log('Stopping ...')
    stopping.abort()
  })
// Nobody reads the log any more (its terminal was closed): the processes must not outlive it.
process.stdout.on('error', () => stopping.abort())

try {
  const stack = await run(stopping.signal)
  const stop = () => {
    void stack?.stop().then(() => process.exit(0))
  }
  if (stopping.signal.aborted) stop()
  else stopping.signal.addEventListener('abort', stop, { once: true })
} catch (error) {
  console.error(error instanceof StartRefused ? error.message : error)
  process.exitCode = 1
}
