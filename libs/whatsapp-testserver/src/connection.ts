/** One socket of one client, from the handshake to the end. What a client sends is handled one stanza at a time. */
import { decodeBinaryNode, encodeBinaryNode, type proto } from '@whiskeysockets/baileys'
import { WebSocket } from 'ws'

import type { Device } from './phones/accounts.ts'
import type { ServerIdentity } from './wire/certificates.ts'
import { node, SERVER, type BinaryNode } from './wire/node.ts'
import { Noise } from './wire/noise.ts'

/** A client needs a moment to read a last stanza before it sees the socket close. */
const LAST_STANZA_MS = 50
const CLOSE_MS = 500
const HANDSHAKE_MS = 20_000

export interface ConnectionHandlers {
  /** The handshake is over; the payload says who the client is, or that it is new. */
  onHello(connection: Connection, payload: proto.ClientPayload): void
  onNode(connection: Connection, stanza: BinaryNode): Promise<void> | void
  onClosed(connection: Connection): void
  /** The client broke the protocol, or we failed; the connection ends. */
  onError(error: unknown): void
  latencyMs(connection: Connection): number
}

export class Connection {
  /** Set when the client has logged in. */
  device: Device | undefined
  readonly #socket: WebSocket
  readonly #identity: ServerIdentity
  readonly #handlers: ConnectionHandlers
  readonly #noise = new Noise()
  #stage: 'hello' | 'finish' | 'open' | 'ended' = 'hello'
  #work = Promise.resolve()

  constructor(socket: WebSocket, identity: ServerIdentity, handlers: ConnectionHandlers) {
    this.#socket = socket
    this.#identity = identity
    this.#handlers = handlers
    const deadline = setTimeout(() => socket.terminate(), HANDSHAKE_MS)
    socket.on('message', (data) => {
      if (this.#stage === 'finish') clearTimeout(deadline)
      this.#work = this.#work.then(() => this.#read(data)).catch((error: unknown) => this.#fail(error))
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      clearTimeout(deadline)
      this.#handlers.onClosed(this)
    })
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(stanza: BinaryNode): void {
    const latencyMs = this.#handlers.latencyMs(this)
    if (latencyMs > 0) setTimeout(() => this.#write(encodeBinaryNode(stanza)), latencyMs)
    else this.#write(encodeBinaryNode(stanza))
  }

  /** Answers a query. */
  answer(query: BinaryNode, content?: BinaryNode['content']): void {
    this.send(node('iq', { from: SERVER, type: 'result', id: query.attrs['id'] ?? '' }, content))
  }

  refuse(query: BinaryNode, code: number, text: string): void {
    const error = node('error', { code: String(code), text })
    this.send(node('iq', { from: SERVER, type: 'error', id: query.attrs['id'] ?? '' }, [error]))
  }

  /** Says a last word and ends the socket; what the client still sends is not heard. */
  end(lastStanza: BinaryNode): void {
    this.send(lastStanza)
    this.#stage = 'ended'
    setTimeout(() => this.close(), LAST_STANZA_MS + this.#handlers.latencyMs(this))
  }

  close(): void {
    this.#socket.close()
    const deadline = setTimeout(() => this.#socket.terminate(), CLOSE_MS)
    this.#socket.once('close', () => clearTimeout(deadline))
  }

  /** The network breaks. */
  terminate(): void {
    this.#socket.terminate()
  }

  /** Whether somebody is at the other end: a process that hangs does not answer. */
  async isAlive(): Promise<boolean> {
    if (!this.isOpen) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const deadline = setTimeout(() => resolve(false), CLOSE_MS)
    this.#socket.once('pong', () => resolve(true))
    this.#socket.once('close', () => resolve(false))
    this.#socket.ping()
    return promise.finally(() => clearTimeout(deadline))
  }

  async #read(data: unknown): Promise<void> {
    if (!Buffer.isBuffer(data)) return
    for (const frame of this.#noise.frames(data)) await this.#handle(frame)
  }

  async #handle(frame: Buffer): Promise<void> {
    switch (this.#stage) {
      case 'hello':
        this.#stage = 'finish'
        {
          this.#write(this.#noise.answerHello(frame, this.#identity.key, this.#identity.chain))
          return
        }
      case 'finish':
        this.#stage = 'open'
        {
          this.#handlers.onHello(this, this.#noise.finish(frame))
          return
        }
      case 'open':
        return this.#handlers.onNode(this, await decodeBinaryNode(frame))
      case 'ended':
        return undefined
    }
  }

  #write(payload: Uint8Array): void {
    if (this.isOpen) this.#socket.send(this.#noise.seal(payload))
  }

  #fail(error: unknown): void {
    this.#handlers.onError(error)
    this.#socket.terminate()
  }
}
