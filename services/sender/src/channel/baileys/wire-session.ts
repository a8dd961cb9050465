/** Sessions on the test server, for tests: one linked number, and connections that are closed after each test. */
import type { Channel, ChannelLog, Connection, LinkMethod, OpenOptions, SendRequest } from '../channel.ts'
import { EventLog } from '../event-log.ts'
import { MemoryCredentials } from '../memory-credentials.ts'
import type { WireWorld } from './wire-world.ts'

export interface Session {
  readonly connection: Connection
  readonly events: EventLog
}

export class WireSessions {
  readonly own = '989350008888'
  readonly credentials = new MemoryCredentials()
  /** What was logged, as text. */
  readonly logged: string[] = []
  readonly #world: WireWorld
  readonly #opened: Connection[] = []
  #next = 0

  constructor(world: WireWorld) {
    this.#world = world
  }

  /** Links the number; the first login, which is dear, is made too. */
  async link(): Promise<void> {
    const { events } = this.open({ link: { method: 'qr' } })
    await this.#world.scan(this.own, (await events.next('qr')).text)
    await events.next('closed')
    const { connection } = await this.login()
    await connection.close()
  }

  open(options: Partial<OpenOptions> = {}, channel: Channel = this.#world.channel): Session {
    const events = new EventLog()
    const connection = channel.open({
      credentials: this.credentials,
      sessionLabel: 'test',
      onEvent: events.add,
      log: this.#log(),
      ...options,
    })
    this.#opened.push(connection)
    return { connection, events }
  }

  async login(channel?: Channel): Promise<Session> {
    const session = this.open({}, channel)
    await session.events.next('open')
    return session
  }

  /** Asks to link another, new session. */
  openToLink(link: LinkMethod, channel?: Channel): Session & { readonly credentials: MemoryCredentials } {
    const credentials = new MemoryCredentials()
    return { ...this.open({ link, credentials }, channel), credentials }
  }

  message(more: Partial<SendRequest> = {}): SendRequest {
    const number = String(++this.#next)
    return {
      messageId: `3EB0FF${number.padStart(16, '0')}`,
      phone: `98913000${number.padStart(4, '0')}`,
      text: 'سلام',
      ...more,
    }
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((connection) => connection.close()))
  }

  #log(): ChannelLog {
    const write = (fields: Record<string, unknown>, message: string) => {
      this.logged.push(`${message} ${JSON.stringify(fields)}`)
    }
    return { debug: write, info: write, warn: write }
  }
}
