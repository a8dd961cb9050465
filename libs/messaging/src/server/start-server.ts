export interface NatsServerOptions {
  /** Where JetStream keeps its files; a temporary folder, removed at the end, if none is given. */
  readonly storeDir?: string
  /** Default 0: a free one. */
  readonly port?: number
  readonly maxFileStoreBytes?: number
  readonly maxMemoryStoreBytes?: number
  readonly log?: (line: string) => void
}

/** A real nats-server process with JetStream. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  readonly storeDir: string
  /** Of the present process: another one after each start. */
  readonly pid: number
  /** Ends the process in good order. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port and store. */
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT: alive and silent. */
  freeze(): void
  thaw(): void
  /** Stops it and removes a temporary store. */
  dispose(): Promise<void>
}

/** Starts nats-server on 127.0.0.1 and waits until JetStream answers. */
export function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  return Promise.reject(new Error(String(options.port)))
}
