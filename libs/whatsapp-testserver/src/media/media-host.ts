/** Takes uploads of encrypted files over https, and fetches them again for the recipients. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import type { Faults } from '../faults.ts'
import type { TlsIdentity } from '../wire/certificates.ts'

const LARGEST_BYTES = 128 * 1024 * 1024
const LIFE_MS = 14 * 24 * 60 * 60 * 1000
const NOT_FOUND = { error: 'not found' }
const PATH = /^\/(mms|o1|product|newsletter)\/[\w/-]+$/

export class MediaHost {
  readonly #server: Server
  readonly #folder: string | undefined
  readonly #faults: Faults
  readonly #files = new Map<string, Buffer>()
  uploads = 0

  constructor(identity: TlsIdentity, faults: Faults, dataDir: string | undefined) {
    this.#faults = faults
    this.#folder = dataDir === undefined ? undefined : join(dataDir, 'media')
    if (this.#folder !== undefined) mkdirSync(this.#folder, { recursive: true })
    const { key, certificate } = identity
    this.#server = createServer(
      { key: key.export({ format: 'pem', type: 'pkcs8' }), cert: certificate },
      (request, response) => {
        this.#answer(request).then(
          ([status, body]) => {
            reply(response, status, body)
          },
          () => response.destroy(),
        )
      },
    )
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** The host and port that clients upload to. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The encrypted file at a path that an upload was answered with. */
  fetch(directPath: string): Buffer | undefined {
    const name = nameOf(directPath.split('?')[0] ?? '')
    if (this.#folder === undefined) return this.#files.get(name)
    const file = join(this.#folder, name)
    return existsSync(file) ? readFileSync(file) : undefined
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: Buffer | object]> {
    const path = new URL(request.url ?? '/', 'https://media').pathname
    if (!PATH.test(path)) return [404, NOT_FOUND]
    if (request.method === 'GET') {
      const file = this.fetch(path)
      return file ? [200, file] : [404, NOT_FOUND]
    }
    if (request.method !== 'POST') return [405, { error: 'method not allowed' }]
    const fault = this.#faults.take('failUpload')
    const file = await read(request)
    if (fault) return [fault.status, { error: 'upload failed' }]
    if (!file) return [413, { error: 'too large' }]
    this.#keep(path, file)
    const expires = Math.floor((Date.now() + LIFE_MS) / 1000).toString(16)
    const directPath = `${path}?oe=${expires}`
    return [200, { url: `https://${this.host}${directPath}`, direct_path: directPath }]
  }

  #keep(path: string, file: Buffer): void {
    this.uploads += 1
    if (this.#folder === undefined) {
      this.#files.set(nameOf(path), file)
      return
    }
    const target = join(this.#folder, nameOf(path))
    writeFileSync(`${target}.new`, file)
    renameSync(`${target}.new`, target)
  }
}

/** A name for files, whatever the path holds. */
function nameOf(path: string): string {
  return createHash('sha256').update(path).digest('hex')
}

function reply(response: ServerResponse, status: number, body: Buffer | object): void {
  const [type, bytes] = Buffer.isBuffer(body)
    ? ['application/octet-stream', body]
    : ['application/json', JSON.stringify(body)]
  response.writeHead(status, { 'content-type': type, connection: 'close' }).end(bytes)
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = Buffer.from(chunk as Uint8Array)
    bytes += part.length
    if (bytes <= LARGEST_BYTES) chunks.push(part)
  }
  return bytes > LARGEST_BYTES ? undefined : Buffer.concat(chunks)
}
