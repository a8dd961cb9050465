// What Peyk relies on of an event store, run on the embedded server and on real ones. The numbers are those of the
// list in the README. It asserts no exact positions, checkpoint counts, message texts or `$` events, and other
// writers may be at work on the same server.
import { afterAll, beforeAll, describe } from '@jest/globals'

import { appendContract } from './contract/appends.contract.ts'
import type { ContractAbilities, ContractContext, ContractServer } from './contract/contract-context.ts'
import { faultContract } from './contract/faults.contract.ts'
import { faultyLink, type FaultyLink } from './contract/faulty-link.ts'
import { readContract } from './contract/reads.contract.ts'
import { streamContract } from './contract/streams.contract.ts'
import { subscriptionContract } from './contract/subscriptions.contract.ts'
import { connectEventStore } from './esdb/connect-event-store.ts'
import type { EventStore } from './event-store.ts'

export const eventStoreContract = (
  name: string,
  startServer: () => Promise<ContractServer>,
  abilities: ContractAbilities,
): void => {
  describe(`event store contract on ${name}`, () => {
    let server: ContractServer
    let link: FaultyLink
    let store: EventStore
    const context: ContractContext = {
      ...abilities,
      server: () => server,
      link: () => link,
      store: () => store,
    }

    beforeAll(async () => {
      server = await startServer()
      link = await faultyLink(server.url)
      store = connectEventStore(link.url, { appendTimeoutMs: 4_000, readTimeoutMs: 2_000 })
      await store.health()
    }, 120_000)

    afterAll(async () => {
      await store.close()
      await link[Symbol.asyncDispose]()
      await server.close()
    })

    appendContract(context)
    readContract(context)
    subscriptionContract(context)
    streamContract(context)
    faultContract(context)
  })
}
