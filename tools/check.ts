// `npm run check`: every static check, one after the other; all run even when one fails, so one run shows all.
import { spawnSync } from 'node:child_process'

const checks = ['types', 'lint', 'format', 'boundaries', 'unused']
const failed = checks.filter((check) => {
  console.log(`> ${check}`)
  return spawnSync('npm', ['run', '--silent', `check:${check}`], { stdio: 'inherit' }).status !== 0
})
console.log(failed.length === 0 ? 'all checks pass' : `failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
