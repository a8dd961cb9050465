// `npm run build`: the package as it is published (into `dist`, or the folder that is named), and its size, which has a
// limit. To publish: `npm publish dist`. The manifest of this folder is that of the sources, which the workspace runs as
// they are.
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const MOST_BYTES = 6_000

const here = import.meta.dirname
const folder = resolve(process.argv[2] ?? join(here, 'dist'))
rmSync(folder, { recursive: true, force: true })

const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
  cwd: here,
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(1)

const { name, version, description, type, sideEffects } = JSON.parse(
  readFileSync(join(here, 'package.json'), 'utf8'),
)
const exports = { types: './index.d.ts', default: './index.js' }
const engines = { node: '>=22' }
const manifest = { name, version, description, type, sideEffects, engines, exports }
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
copyFileSync(join(here, 'README.md'), join(folder, 'README.md'))

const code = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => readFileSync(join(folder, file), 'utf8'))
const bytes = gzipSync(code.join('\n')).byteLength
console.log(`${name} ${version}: ${bytes} bytes gzipped, not minified; at most ${MOST_BYTES}`)
if (bytes > MOST_BYTES) process.exit(1)
