import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of its own that is gone, with all in it, after `remove` or at the end of `await using`. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  readonly remove: () => Promise<void>
}

export const temporaryFolder = async (prefix = 'peyk-'): Promise<TemporaryFolder> => {
  const path = await mkdtemp(join(tmpdir(), prefix))
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 })
  return { path, remove, [Symbol.asyncDispose]: remove }
}
