// The contract on the real servers, where a Docker engine is there: `npm run test:containers`.
import { test } from '@jest/globals'
import { freePort } from '@peyk/testing'
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers'

import type { ContractServer } from './contract/contract-context.ts'
import { eventStoreContract } from './event-store.contract.ts'

const SERVERS = [
  { image: 'eventstore/eventstore:24.10', prefix: 'EVENTSTORE' },
  { image: 'docker.kurrent.io/kurrent-latest/kurrentdb:25.0', prefix: 'KURRENTDB' },
]
const GRPC_PORT = 2113

const startContainer = async ({ image, prefix }: (typeof SERVERS)[number]): Promise<ContractServer> => {
  // A fixed port: the address has to be the same after a restart.
  const port = await freePort()
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: GRPC_PORT, host: port })
    .withEnvironment({
      [`${prefix}_INSECURE`]: 'true',
      [`${prefix}_CLUSTER_SIZE`]: '1',
      [`${prefix}_RUN_PROJECTIONS`]: 'None',
    })
    .withWaitStrategy(Wait.forHttp('/health/live', GRPC_PORT).forStatusCode(204))
    .start()
  return {
    url: `esdb://${container.getHost()}:${port}?tls=false`,
    restart: () => container.restart({ timeout: 10_000 }),
    kill: () => container.restart({ timeout: 0 }),
    close: async () => {
      await container.stop()
    },
  }
}

const hasDocker = await getContainerRuntimeClient().then(
  () => true,
  () => false,
)
if (hasDocker) {
  for (const server of SERVERS) {
    eventStoreContract(server.image, () => startContainer(server), { canStop: true, hasCredentials: false })
  }
} else {
  // Jest does not name the tests of a file that is skipped as a whole.
  process.stderr.write('skipped: no Docker engine (event store contract on real servers)\n')
  test.skip('skipped: no Docker engine', () => undefined)
}
