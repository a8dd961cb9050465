// `npm run compose-secrets`: the keys that `docker compose up` needs.
import { join } from 'node:path'

import { makeSecrets } from './secrets.ts'

const folder = join(import.meta.dirname, '../secrets')
await makeSecrets(folder)
console.log(`the keys are in ${folder}`)
