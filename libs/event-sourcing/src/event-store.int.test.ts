import { embeddedContractServer } from './contract/embedded-server.contract.ts'
import { eventStoreContract } from './event-store.contract.ts'

eventStoreContract('the embedded server', () => embeddedContractServer(), {
  canStop: true,
  hasCredentials: false,
})

const url = process.env['EVENTSTORE_CONTRACT_URL']
if (url !== undefined) {
  const notOurs = () => Promise.reject(new Error('this server is not ours to stop'))
  const server = { url, restart: notOurs, kill: notOurs, close: () => Promise.resolve() }
  eventStoreContract('EVENTSTORE_CONTRACT_URL', () => Promise.resolve(server), {
    canStop: false,
    hasCredentials: new URL(url).username !== '',
  })
}
