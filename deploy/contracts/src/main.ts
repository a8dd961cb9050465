// `npm run contracts`: writes AsyncAPI and JSON Schemas; with `-- release` also the shapes that may not break from now on.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { contractFiles, RELEASED, releasedText } from './files.ts'

const folder = join(import.meta.dirname, '..')
await rm(join(folder, 'schemas'), { recursive: true, force: true })
for (const [file, text] of contractFiles()) {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await writeFile(join(folder, file), text)
}
if (process.argv[2] === 'release') await writeFile(join(folder, RELEASED), releasedText())
