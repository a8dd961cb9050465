import { enableCompileCache } from 'node:module'

// More than half of a start is compilation; kept, it is done once. What it serves has to be imported after it.
enableCompileCache()
const { runCommandLine } = await import('./run-command.ts')
await runCommandLine(process.argv.slice(2))
