// The addresses of the stack that runs on this machine, for operators' commands.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { type StackFile, stackFile } from './data-folder.ts'

/** Reads `<data>/run/stack.json`; throws with advice when no stack runs there. */
export const runningStack = async (data: string): Promise<StackFile> => {
  const file = stackFile(resolve(data))
  if (!existsSync(file))
    throw new Error(`no stack has run in ${data}; start one with npm start, or name its folder with --data`)
  return JSON.parse(await readFile(file, 'utf8')) as StackFile
}
