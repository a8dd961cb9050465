import { Server, ServerCredentials } from '@grpc/grpc-js'

import { appendHandler, deleteHandler, tombstoneHandler } from './append.ts'
import { basicAuthentication } from './authentication.ts'
import type { Credentials } from './authentication.ts'
import { batchAppendHandler } from './batch-append.ts'
import type { ServiceContext } from './context.ts'
import { ServerFeaturesService, StreamsService } from './protocol.ts'
import type { IStreamsServer, Streams } from './protocol.ts'
import { readHandler } from './read.ts'
import { serverFeatures } from './server-features.ts'
import { writeAhead } from './write-ahead.ts'

export type TlsFiles = Readonly<{ certificate: Buffer; key: Buffer }>

export type GrpcServerOptions = Readonly<{
  host: string
  port: number
  credentials: Credentials | undefined
  tls: TlsFiles | undefined
}>

/** The largest message that is taken in. */
const MAX_RECEIVED_BYTES = 16 * 1024 * 1024

/** How long calls in hand may take to end when the server stops. */
const STOP_MS = 3_000

/** Starts to listen; the answer has the port that was bound. */
export async function listen(context: ServiceContext, options: GrpcServerOptions) {
  const { credentials, tls, host } = options
  const server = new Server({
    'grpc.max_receive_message_length': MAX_RECEIVED_BYTES,
    'grpc.max_concurrent_streams': 4_096,
    interceptors: [writeAhead, ...(credentials === undefined ? [] : [basicAuthentication(credentials)])],
  })
  server.addService(streamsDefinition(), streamsService(context))
  server.addService(ServerFeaturesService, serverFeatures)
  const security =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }])
  const port = await new Promise<number>((resolve, reject) => {
    const address = host.includes(':') ? `[${host}]` : host
    server.bindAsync(`${address}:${options.port}`, security, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  return { port, stop: () => stop(server) }
}

/** Reads also answer with what is encoded already. */
function streamsDefinition() {
  const { read } = StreamsService
  const responseSerialize = (message: Streams.ReadResp | Buffer) =>
    Buffer.isBuffer(message) ? message : Buffer.from(message.serializeBinary())
  return { ...StreamsService, read: { ...read, responseSerialize } }
}

function streamsService(context: ServiceContext): IStreamsServer {
  return {
    read: readHandler(context),
    append: appendHandler(context),
    batchAppend: batchAppendHandler(context),
    delete: deleteHandler(context),
    tombstone: tombstoneHandler(context),
  }
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, STOP_MS)
    server.tryShutdown(() => {
      clearTimeout(deadline)
      resolve()
    })
  })
}
