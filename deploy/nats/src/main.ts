// `npm run nats-accounts`: a key for each user of NATS, and the accounts that nats-server includes.
import { parseArgs } from 'node:util'

import { writeAccounts } from './credentials.ts'

const { values } = parseArgs({
  options: { out: { type: 'string' }, help: { type: 'boolean', default: false } },
})

if (values.help || values.out === undefined) {
  console.log(`npm run nats-accounts -- --out DIR

Makes DIR/<user>.seed for each user that has none, and DIR/server/accounts.conf with their public keys and permissions. A service
connects with NATS_URL=tls://nkey:<seed>@host:4222.`)
  process.exitCode = values.help ? 0 : 2
} else {
  console.log(await writeAccounts(values.out))
}
