// The first file that runs on a new machine: plain JavaScript for Node 20. It installs what is missing,
// then runs the asked program on the Node that package.json pins.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [name = '', ...args] = process.argv.slice(2)
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  // Processes and sockets of a suite that failed must not keep the others' result from being told.
  '--forceExit',
]

/** So that it stays small while it serves readers of millions of events. */
const eventstoreMemory = ['--max-semi-space-size=4', '--max-old-space-size=256']

const programs = {
  start: ['deploy/local/src/start.ts'],
  demo: ['deploy/local/src/demo.ts'],
  token: ['deploy/local/src/token.ts'],
  streams: ['deploy/local/src/streams.ts'],
  'dead-letters': ['deploy/local/src/dead-letters.ts'],
  revocations: ['deploy/local/src/revocations.ts'],
  events: ['deploy/local/src/events.ts'],
  reconcile: ['deploy/local/src/reconcile.ts'],
  contracts: ['deploy/contracts/src/main.ts'],
  'compose-secrets': ['deploy/compose/src/main.ts'],
  credentials: ['deploy/local/src/credentials.ts'],
  'nats-accounts': ['deploy/nats/src/main.ts'],
  consumers: ['deploy/nats/src/consumers.ts'],
  dashboards: ['deploy/grafana/src/main.ts'],
  eventstore: [...eventstoreMemory, 'libs/eventstore-embedded/src/main.ts'],
  'whatsapp-testserver': ['libs/whatsapp-testserver/src/main.ts'],
  bench: ['bench/src/main.ts'],
  check: ['tools/check.ts'],
  test: [...jest, '--selectProjects', 'unit', 'integration', 'e2e', '--maxWorkers=3'],
  faults: [...jest, '--selectProjects', 'faults', '--maxWorkers=2'],
  containers: [...jest, '--selectProjects', 'containers', '--runInBand'],
}

const program = programs[name]
if (program === undefined) {
  console.error(`unknown program "${name}"; known: ${Object.keys(programs).join(', ')}`)
  process.exit(2)
}
install()
const node = join(root, 'node_modules/node/bin/node')
buildDashboard()
// What was compiled once is kept, for this program and for the services that it starts.
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'), ...process.env }
const child = spawn(node, [...program, ...args], { cwd: root, stdio: 'inherit', env })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))

/** npm ci, when nothing is installed yet or package-lock.json is newer than what is. */
function install() {
  const installed = join(root, 'node_modules/.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  console.error('Installing packages (once) ...')
  const npm = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (npm.status !== 0) process.exit(npm.status ?? 1)
}

/** Vite, when the dashboard is not built yet or one of its sources is newer. Without it the gateway shows a plain page. */
function buildDashboard() {
  const folder = join(root, 'services/gateway/dashboard')
  const built = join(folder, 'dist/index.html')
  if (existsSync(built) && statSync(built).mtimeMs >= newestOf(folder)) return
  console.error('Building the dashboard (once) ...')
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const done = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], { cwd: folder, stdio: 'inherit' })
  if (done.status !== 0) console.error('The dashboard was not built; everything else works without it.')
}

function newestOf(folder) {
  const sources = ['index.html', 'vite.config.ts', 'package.json'].concat(
    readdirSync(join(folder, 'src'), { recursive: true }).map((name) => join('src', name)),
  )
  return Math.max(...sources.map((name) => statSync(join(folder, name)).mtimeMs))
}
