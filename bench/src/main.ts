// `npm run bench -- NAME [ARGUMENTS]` runs the benchmark in NAME.ts, which prints one JSON object a line.
import { readdirSync } from 'node:fs'

type Benchmark = { run: (...args: readonly string[]) => Promise<void> }

const NOT_BENCHMARKS = ['main.ts', 'report.ts']

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.includes('.test.') && !NOT_BENCHMARKS.includes(file))
  .map((file) => file.slice(0, -'.ts'.length))
const [name = '', ...args] = process.argv.slice(2)

if (names.includes(name)) {
  const benchmark = (await import(`./${name}.ts`)) as Benchmark
  await benchmark.run(...args)
} else {
  console.error(`unknown benchmark "${name}"; known: ${names.join(', ')}`)
  process.exitCode = 2
}
