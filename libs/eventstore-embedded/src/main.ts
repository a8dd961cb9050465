import { parseArgs } from 'node:util'

import { startEventStoreServer } from './start.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '2113' },
    host: { type: 'string', default: '127.0.0.1' },
    data: { type: 'string' },
    memory: { type: 'boolean', default: false },
    'stop-with-parent': { type: 'boolean', default: false },
  },
})
const server = await startEventStoreServer({
  ...(values.data !== undefined && { dataDir: values.data }),
  host: values.host,
  port: Number(values.port),
})
const stop = () => void server.close().then(() => process.exit(0))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
if (values['stop-with-parent']) process.stdin.on('end', stop).resume()
process.stdout.write(`${server.url}\n`)
