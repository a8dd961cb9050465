// What an operator does with the keys of WhatsApp credentials: `list` and `rotate`. Reads NATS_URL and CREDENTIALS_KEYS.
import { connectNats, openBucket } from '@peyk/messaging'

import { parseMasterKeys } from './master-keys.ts'
import { countByMasterKey, rotateMasterKey } from './tenant-keys.ts'

const run = async (what: string | undefined): Promise<void> => {
  const { NATS_URL, CREDENTIALS_KEYS = '' } = process.env
  const masterKeys = parseMasterKeys(CREDENTIALS_KEYS)
  if (NATS_URL === undefined || masterKeys === undefined)
    throw new Error('NATS_URL and CREDENTIALS_KEYS (<id>:<base64 of 32 bytes>,...) have to be set')
  const nats = await connectNats({ url: NATS_URL, name: 'credentials' })
  try {
    const bucket = openBucket(nats, 'tenant_keys')
    if (what === 'rotate') {
      const rotated = await rotateMasterKey(bucket, masterKeys)
      process.stdout.write(`${rotated} keys are now wrapped under ${masterKeys.current}\n`)
    }
    for (const [id, count] of await countByMasterKey(bucket))
      process.stdout.write(`${id} wraps ${count} keys\n`)
  } finally {
    await nats.close()
  }
}

try {
  await run(process.argv[2])
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
