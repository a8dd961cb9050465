import { join } from 'node:path'

import { spawnEventStore } from '@peyk/eventstore-embedded'
import { temporaryFolder } from '@peyk/testing'

import type { ContractServer } from './contract-context.ts'

/** The embedded server in a process and a folder of its own, at an address that stays. */
export const embeddedContractServer = async (): Promise<ContractServer> => {
  const folder = await temporaryFolder('peyk-eventstore-')
  const dataDir = join(folder.path, 'data')
  let running = await spawnEventStore({ dataDir })
  const { url } = running
  const port = Number(new URL(url).port)
  const again = async () => {
    running = await spawnEventStore({ dataDir, port })
  }
  return {
    url,
    restart: async () => {
      await running.stop()
      await again()
    },
    kill: async () => {
      await running.kill()
      await again()
    },
    close: async () => {
      await running.stop()
      await folder.remove()
    },
  }
}
