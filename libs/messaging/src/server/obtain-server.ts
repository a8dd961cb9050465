/** The path of a nats-server: from NATS_SERVER_BIN, the PATH or `.cache`, else obtained into `.cache`. */
export function obtainNatsServer(options: { readonly log?: (line: string) => void } = {}): Promise<string> {
  return Promise.reject(new Error(typeof options.log))
}
