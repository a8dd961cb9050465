/** The devices that are linked to the numbers. A link is on disk before the device hears of it. */
import type { Store } from '../store.ts'
import type { KeyBundle, SignedKey } from './peer.ts'

/** A device of an account, such as one Baileys client. The phone itself is device 0 and not in this list. */
export interface Device {
  readonly phone: string
  readonly device: number
  readonly registrationId: number
  readonly identity: Uint8Array
  readonly signedPreKey: SignedKey
  readonly isRemoved: boolean
}

export interface OneTimeKey {
  readonly id: number
  readonly key: Uint8Array
}

interface OneTimeKeys {
  readonly keys: OneTimeKey[]
  used: number
  batches: number
}

const DEVICES = 'device/'

export class Accounts {
  readonly #store: Store
  readonly #devices = new Map<string, Device>()
  readonly #oneTimeKeys = new Map<string, OneTimeKeys>()

  constructor(store: Store) {
    this.#store = store
    for (const [, device] of store.entries(DEVICES)) this.#remember(device as Device)
  }

  /** Links a new device to a number; devices of a number are counted 1, 2, 3 and never reused. */
  link(phone: string, keys: Omit<Device, 'phone' | 'device' | 'isRemoved'>): Device {
    const device: Device = { ...keys, phone, device: this.#ofPhone(phone).length + 1, isRemoved: false }
    this.#save(device)
    return device
  }

  find(phone: string, device: number): Device | undefined {
    return this.#devices.get(deviceKey({ phone, device }))
  }

  /** The devices that are linked to a number now. */
  linkedTo(phone: string): Device[] {
    return this.#ofPhone(phone).filter(({ isRemoved }) => !isRemoved)
  }

  /** Every number that ever had a device. */
  get phones(): ReadonlySet<string> {
    return new Set([...this.#devices.values()].map(({ phone }) => phone))
  }

  remove(device: Device): void {
    this.#save({ ...device, isRemoved: true })
  }

  rotateSignedPreKey(device: Device, signedPreKey: SignedKey): void {
    this.#save({ ...device, signedPreKey })
  }

  addOneTimeKeys(device: Device, keys: readonly OneTimeKey[]): void {
    const known = this.#keysOf(device)
    known.keys.push(...keys)
    this.#store.set(`one-time/${deviceKey(device)}/${known.batches++}`, keys)
  }

  oneTimeKeysLeft(device: Device): number {
    const { keys, used } = this.#keysOf(device)
    return keys.length - used
  }

  /** What somebody needs to write to this device first; takes one of its one-time keys. */
  takeBundle(device: Device): KeyBundle {
    const known = this.#keysOf(device)
    const preKey = known.keys[known.used]
    if (preKey) this.#store.set(`one-time-used/${deviceKey(device)}`, ++known.used)
    const { registrationId, identity, signedPreKey } = device
    return { registrationId, identity, signedPreKey, preKey }
  }

  #ofPhone(phone: string): Device[] {
    const devices: Device[] = []
    for (let number = 1; ; number += 1) {
      const device = this.find(phone, number)
      if (!device) return devices
      devices.push(device)
    }
  }

  #save(device: Device): void {
    this.#store.set(DEVICES + deviceKey(device), device)
    this.#remember(device)
  }

  #remember(device: Device): void {
    this.#devices.set(deviceKey(device), device)
  }

  #keysOf(device: Device): OneTimeKeys {
    const key = deviceKey(device)
    const known = this.#oneTimeKeys.get(key) ?? this.#loadKeys(key)
    this.#oneTimeKeys.set(key, known)
    return known
  }

  #loadKeys(key: string): OneTimeKeys {
    const keys: OneTimeKey[] = []
    for (let batches = 0; ; batches += 1) {
      const batch = this.#store.get(`one-time/${key}/${batches}`) as readonly OneTimeKey[] | undefined
      if (!batch) return { keys, used: Number(this.#store.get(`one-time-used/${key}`) ?? 0), batches }
      keys.push(...batch)
    }
  }
}

/** Names a device in maps and in the store. */
export function deviceKey({ phone, device }: Pick<Device, 'phone' | 'device'>): string {
  return `${phone}:${device}`
}
