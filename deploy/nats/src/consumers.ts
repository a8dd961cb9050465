// `npm run consumers -- add|remove|list`: consumers of EVENTS for other services.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { tenantIdSchema } from '@peyk/contracts'
import { connectNats, createNkey, deleteConsumer, ensureConsumer } from '@peyk/messaging'

import { readConsumers, writeAccounts, writeConsumers } from './credentials.ts'
import { durableDefinition, durableOf, externalConsumerSchema } from './external-consumer.ts'

const HELP = `npm run consumers -- add --tenant T --name N --out DIR --nats URL
npm run consumers -- remove --tenant T --name N --out DIR --nats URL
npm run consumers -- list --out DIR

DIR is the folder of \`npm run nats-accounts\`; URL is that of the operator. \`add\` makes a durable on EVENTS for the tenant's
events and a user that can read it and nothing else; its seed is printed once, on the last line. Afterwards let each
server read its accounts again, twice: nats-server --signal reload. Without the second one a new account has no imports.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tenant: { type: 'string' },
    name: { type: 'string' },
    out: { type: 'string' },
    nats: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const withOperator = async (work: (nats: Awaited<ReturnType<typeof connectNats>>) => Promise<void>) => {
  if (values.nats === undefined) throw new Error('--nats is missing: the URL of the operator')
  const nats = await connectNats({ url: values.nats, name: 'operator' })
  try {
    await work(nats)
  } finally {
    await nats.close()
  }
}

const add = async (folder: string): Promise<void> => {
  const { publicKey, seed } = createNkey()
  const tenant = tenantIdSchema.parse(values.tenant)
  const consumer = externalConsumerSchema.parse({ tenant, name: values.name, publicKey })
  const known = await readConsumers(folder)
  const durable = durableOf(consumer)
  if (known.some((each) => durableOf(each) === durable)) throw new Error(`${durable} is there already`)
  await withOperator((nats) => ensureConsumer(nats, durableDefinition(consumer)))
  await writeConsumers(folder, [...known, consumer])
  console.log(`accounts: ${await writeAccounts(folder)}`)
  console.log(`durable: ${durable}`)
  console.log(seed)
}

const remove = async (folder: string): Promise<void> => {
  const durable = durableOf({ tenant: tenantIdSchema.parse(values.tenant), name: values.name ?? '' })
  const known = await readConsumers(folder)
  const others = known.filter((each) => durableOf(each) !== durable)
  if (others.length === known.length) throw new Error(`there is no ${durable}`)
  await writeConsumers(folder, others)
  console.log(`accounts: ${await writeAccounts(folder)}`)
  await withOperator((nats) => deleteConsumer(nats, 'EVENTS', durable))
}

const list = async (folder: string): Promise<void> => {
  for (const consumer of await readConsumers(folder))
    console.log(`${consumer.tenant} ${consumer.name} ${durableOf(consumer)}`)
}

const commands = new Map([
  ['add', add],
  ['remove', remove],
  ['list', list],
])
const command = commands.get(positionals[0] ?? '')

if (values.help || command === undefined || values.out === undefined) {
  console.log(HELP)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await command(resolve(values.out))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
