/** The sockets that are logged in, and how many a number had at one time. */
import type { Connection } from './connection.ts'
import { deviceKey, type Device } from './phones/accounts.ts'
import { node } from './wire/node.ts'

export interface SocketCount {
  /** Open now. */
  readonly open: number
  /**
   * The most that were open at one time. A socket that was replaced counts beside its successor only when somebody
   * was still there: the socket of a process that hangs does not.
   */
  readonly maxOpen: number
  readonly logins: number
  /** Logins that pushed out an open socket. */
  readonly replaced: number
}

const NONE: SocketCount = { open: 0, maxOpen: 0, logins: 0, replaced: 0 }

export class Connections {
  readonly #byDevice = new Map<string, Connection>()
  readonly #counts = new Map<string, SocketCount>()

  /** A device has logged in; an older socket of it is told so and closed. */
  add(connection: Connection, device: Device): void {
    const key = deviceKey(device)
    const older = this.#byDevice.get(key)
    connection.device = device
    this.#byDevice.set(key, connection)
    this.#recount(device.phone, { logins: this.count(device.phone).logins + 1 })
    if (older) void this.#replace(older, device.phone)
  }

  remove(connection: Connection): void {
    const { device } = connection
    if (!device || this.#byDevice.get(deviceKey(device)) !== connection) return
    this.#byDevice.delete(deviceKey(device))
    this.#recount(device.phone)
  }

  of(device: string): Connection | undefined {
    return this.#byDevice.get(device)
  }

  /** The sockets of a number, or of all. */
  open(phone?: string): Connection[] {
    const all = [...this.#byDevice.values()]
    return phone === undefined ? all : all.filter(({ device }) => device?.phone === phone)
  }

  count(phone: string): SocketCount {
    return this.#counts.get(phone) ?? NONE
  }

  counts(): (SocketCount & { readonly number: string })[] {
    return [...this.#counts].map(([number, count]) => ({ number, ...count }))
  }

  async #replace(older: Connection, phone: string): Promise<void> {
    const overlap = this.count(phone).open + 1
    const alive = older.isAlive()
    older.end(conflict('replaced'))
    const most = (await alive) ? overlap : 0
    const { maxOpen, replaced } = this.count(phone)
    this.#recount(phone, { maxOpen: Math.max(maxOpen, most), replaced: replaced + 1 })
  }

  #recount(phone: string, change: Partial<SocketCount> = {}): void {
    const open = this.open(phone).length
    const before = this.count(phone)
    this.#counts.set(phone, { ...before, maxOpen: Math.max(before.maxOpen, open), ...change, open })
  }
}

/** Why a stream ends: the account logged in elsewhere, or its phone removed the device. */
export function conflict(type: 'replaced' | 'device_removed'): ReturnType<typeof node> {
  const code: Record<string, string> = type === 'device_removed' ? { code: '401' } : {}
  return node('stream:error', code, [node('conflict', { type })])
}
