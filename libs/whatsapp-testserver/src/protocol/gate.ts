/** Receives clients: lets them log in or links them, and hands what they send to the part that it is for. */
import type { proto } from '@whiskeysockets/baileys'

import type { Connection, ConnectionHandlers } from '../connection.ts'
import { conflict } from '../connections.ts'
import type { Action } from '../faults.ts'
import type { Device } from '../phones/accounts.ts'
import { lidJid } from '../wire/jids.ts'
import { childOf, firstChildOf, node, SERVER, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'
import { LinkCodes } from './link-code.ts'
import { Messages } from './messages.ts'
import { Pairing } from './pairing.ts'
import { answerQuery, removeDevice } from './queries.ts'
import { Replies } from './replies.ts'

const LINK_CODE = 'link_code_companion_reg'
const RESTART_REQUIRED = '515'

export class Gate implements ConnectionHandlers {
  readonly pairing: Pairing
  readonly linkCodes: LinkCodes
  readonly messages: Messages
  readonly replies: Replies
  readonly #world: World
  #errors = 0
  #lastError: string | undefined

  constructor(world: World) {
    this.#world = world
    this.pairing = new Pairing(world)
    this.linkCodes = new LinkCodes(world, this.pairing)
    this.messages = new Messages(world)
    this.replies = new Replies(world)
  }

  /** Ends what waits. */
  close(): void {
    this.pairing.close()
  }

  onHello(connection: Connection, payload: proto.ClientPayload): void {
    const keys = payload.devicePairingData
    const phone = keys ? undefined : String(payload.username)
    const refusal = this.#world.faults.take('refuseLogin', { from: phone, key: phone })
    if (refusal) {
      connection.end(failure(refusal.code, refusal.seconds))
      return
    }
    if (keys) {
      this.pairing.begin(connection, keys)
      return
    }
    const device = this.#world.accounts.find(phone ?? '', payload.device ?? 0)
    if (!device || device.isRemoved) {
      connection.end(failure(401))
      return
    }
    this.#logIn(connection, device)
  }

  async onNode(connection: Connection, stanza: BinaryNode): Promise<void> {
    const { device } = connection
    if (!device) {
      if (this.pairing.isCandidate(connection)) this.#onUnlinked(connection, stanza)
      return
    }
    const subject = { from: device.phone, key: stanza.attrs['id'] }
    if (stanza.tag === 'iq') {
      answerQuery(this.#world, connection, device, stanza)
      return
    }
    if (stanza.tag === 'ack') {
      this.#world.outbox.acknowledge(device, stanza)
      return
    }
    if (stanza.tag === 'message') {
      if (this.#world.faults.take('silence', { ...subject, what: 'messages' })) return
      return this.messages.take(connection, device, stanza)
    }
    if (stanza.tag === 'receipt') {
      if (stanza.attrs['type'] === 'retry') return this.replies.writeAgain(device, stanza)
      this.#world.outbox.acknowledge(device, stanza)
    }
  }

  onClosed(connection: Connection): void {
    this.pairing.end(connection)
    this.linkCodes.end(connection)
    this.#world.connections.remove(connection)
  }

  onError(error: unknown): void {
    this.#errors += 1
    this.#lastError = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
  }

  latencyMs({ device }: Connection): number {
    return device ? (this.#world.faults.take('latency', { from: device.phone })?.ms ?? 0) : 0
  }

  /** What went wrong in here, for the health of the server. */
  get errors(): { readonly count: number; readonly last: string | undefined } {
    return { count: this.#errors, last: this.#lastError }
  }

  /** Does something to the sockets of a number; tells how many there were. */
  act(action: Action): number {
    const connections = this.#world.connections.open(action.number)
    switch (action.type) {
      case 'disconnect':
        for (const connection of connections) disconnect(connection, action.code)
        break
      case 'replaced':
        for (const connection of connections) connection.end(conflict('replaced'))
        break
      case 'logout':
        for (const device of this.#world.accounts.linkedTo(action.number)) removeDevice(this.#world, device)
        for (const connection of connections) connection.end(conflict('device_removed'))
        break
      case 'ban': {
        const { number: from, code, seconds } = action
        this.#world.faults.add({ type: 'refuseLogin', code, from, ...(seconds !== undefined && { seconds }) })
        for (const connection of connections) connection.end(failure(code, seconds))
      }
    }
    return connections.length
  }

  #logIn(connection: Connection, device: Device): void {
    const { connections, outbox } = this.#world
    connections.add(connection, device)
    const lid = lidJid(device.phone, device.device)
    connection.send(node('success', { t: stanzaTime(), props: '27', location: 'test', lid }))
    const count = outbox.flush(device)
    connection.send(node('ib', { from: SERVER }, [node('offline', { count: String(count) })]))
  }

  #onUnlinked(connection: Connection, stanza: BinaryNode): void {
    if (stanza.tag !== 'iq') return
    if (childOf(stanza, 'pair-device-sign')) {
      connection.end(node('stream:error', { code: RESTART_REQUIRED }))
      return
    }
    const step = firstChildOf(stanza)
    if (step?.tag === LINK_CODE) this.linkCodes.take(connection, stanza, step)
    else if (stanza.attrs['type'] !== 'result') connection.answer(stanza)
  }
}

/** With a code WhatsApp says why; without one the network breaks. */
function disconnect(connection: Connection, code: number | undefined): void {
  if (code === undefined) connection.terminate()
  else connection.end(node('stream:error', { code: String(code) }))
}

function failure(reason: number, seconds?: number): BinaryNode {
  const expire: Record<string, string> = seconds === undefined ? {} : { expire: String(seconds) }
  return node('failure', { reason: String(reason), location: 'test', ...expire })
}
