// The accounts of nats-server as text: public keys only, nothing secret.
import { API_PREFIX, durableOf, type ExternalConsumer, subjectsOf } from './external-consumer.ts'
import { type Permissions, type ServiceName, serviceNames, servicePermissions } from './permissions.ts'

export interface Accounts {
  readonly services: Readonly<Record<ServiceName, string>>
  /** May do everything in our account: streams, consumers, dead letters. */
  readonly operator: string
  /** The account of the servers themselves. */
  readonly system: string
  readonly consumers: readonly ExternalConsumer[]
}

export const accountsText = ({ services, operator, system, consumers }: Accounts): string =>
  [
    '# Written by `npm run nats-accounts` and `npm run consumers`; public keys only.',
    'accounts {',
    '  PEYK {',
    '    jetstream: enabled',
    '    users [',
    `      { nkey: ${operator} }`,
    ...serviceNames.map((name) => user(services[name], servicePermissions[name])),
    '    ]',
    '    exports [',
    ...consumers.flatMap(exportsOf),
    '    ]',
    '  }',
    ...consumers.flatMap(accountOf),
    `  SYS { users [{ nkey: ${system} }] }`,
    '}',
    'system_account: SYS',
    '# A client that is busy may take its time to sign.',
    'authorization { timeout: 10 }',
    '',
  ].join('\n')

const quoted = (subjects: readonly string[]) => `[${subjects.map((each) => JSON.stringify(each)).join(', ')}]`

const user = (publicKey: string, { publish, subscribe, mayAnswer }: Permissions): string => {
  const answer = mayAnswer ? ', allow_responses: true' : ''
  return `      { nkey: ${publicKey}, permissions { publish { allow: ${quoted(publish)} }, subscribe { allow: ${quoted(subscribe)} }${answer} } }`
}

/** The subject as our account knows it. */
const inOurs = (subject: string) => subject.replace(API_PREFIX, '$JS.API')

const exportsOf = (consumer: ExternalConsumer): readonly string[] => {
  const account = JSON.stringify(durableOf(consumer))
  const { next, info, ack } = subjectsOf(durableOf(consumer))
  return [
    `      { service: ${JSON.stringify(inOurs(next))}, response_type: stream, accounts: [${account}] }`,
    `      { service: ${JSON.stringify(inOurs(info))}, accounts: [${account}] }`,
    `      { service: ${JSON.stringify(ack)}, accounts: [${account}] }`,
  ]
}

const accountOf = (consumer: ExternalConsumer): readonly string[] => {
  const durable = durableOf(consumer)
  const { next, info, ack, inbox } = subjectsOf(durable)
  const importOf = (subject: string) => {
    const service = `{ account: PEYK, subject: ${JSON.stringify(inOurs(subject))} }`
    return `      { service: ${service}, to: ${JSON.stringify(subject)} }`
  }
  const permissions = { publish: [next, info, ack], subscribe: [inbox], mayAnswer: false }
  return [
    `  ${JSON.stringify(durable)} {`,
    '    imports [',
    ...[next, info, ack].map(importOf),
    '    ]',
    '    users [',
    user(consumer.publicKey, permissions),
    '    ]',
    '  }',
  ]
}
