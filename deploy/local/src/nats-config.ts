// The configuration of the local nats-server: loopback, JetStream on disk, its sizes told so that no default decides.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const GiB = 1024 ** 3

/** Writes the configuration into the folder; returns the arguments that use it. */
export const natsArguments = async (folder: string, port: number): Promise<readonly string[]> => {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'nats-server.conf')
  await writeFile(
    file,
    `listen: "127.0.0.1:${port}"
max_payload: 8MB
jetstream {
  store_dir: ${JSON.stringify(folder)}
  max_file_store: ${10 * GiB}
  max_memory_store: ${GiB}
}
`,
  )
  return ['-c', file]
}
