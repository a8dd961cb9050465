/** The server alone: `npm run whatsapp-testserver -- --port N`. */
import { parseArgs } from 'node:util'

import { startWhatsAppServer } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    data: { type: 'string' },
    seed: { type: 'string' },
    fast: { type: 'boolean', default: false },
    'scan-delay': { type: 'string' },
    'no-auto-scan': { type: 'boolean', default: false },
    'companion-refresh': { type: 'boolean', default: false },
    'stop-with-parent': { type: 'boolean', default: false },
  },
})

const server = await startWhatsAppServer({
  port: whole('port', values.port),
  controlPort: whole('control-port', values['control-port']),
  fast: values.fast,
  autoScan: !values['no-auto-scan'],
  companionRefresh: values['companion-refresh'],
  ...(values.data !== undefined && { dataDir: values.data }),
  ...(values.seed !== undefined && { seed: values.seed }),
  ...(values['scan-delay'] !== undefined && { scanDelayMs: whole('scan-delay', values['scan-delay']) }),
}).catch((error: unknown) => {
  process.stderr.write(`the server could not start: ${error instanceof Error ? error.message : 'unknown'}\n`)
  process.exit(1)
})
const stop = () => void server.stop().then(() => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
if (values['stop-with-parent']) process.stdin.on('end', stop).resume()
process.stdout.write(`${server.url}\n${server.controlUrl}\n${server.rootCa}\n`)

function whole(name: string, text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  process.stderr.write(`--${name} takes a whole number, not "${text}"\n`)
  process.exit(2)
}
