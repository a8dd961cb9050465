// Programs of Debian's that some suites need: a browser, promtool.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Its path, or undefined where it is not installed. In CI, where nothing may be skipped, a missing one is an error. */
export const installedProgram = (name: string): string | undefined => {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram)
  if (path === undefined && process.env['CI'] !== undefined)
    throw new Error(`${name} is not on the PATH; .ci/run installs it`)
  return path
}

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
