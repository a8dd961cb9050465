/** The keys of devices: what a client uploads, and what it is given to write to others. */
import { encodeBigEndian } from '@whiskeysockets/baileys'

import type { Connection } from '../connection.ts'
import type { Device } from '../phones/accounts.ts'
import type { KeyBundle, SignedKey } from '../phones/peer.ts'
import { readJid } from '../wire/jids.ts'
import { bytesAt, childOf, childrenOf, node, SERVER, stanzaTime, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'

const FEW_KEYS = 5

export function uploadKeys(world: World, device: Device, query: BinaryNode): void {
  const keys = childrenOf(childOf(query, 'list'), 'key')
  world.accounts.addOneTimeKeys(
    device,
    keys.map((key) => ({ id: readId(key), key: bytesAt(key, 'value') })),
  )
}

/** The answer to a client that wants to write to these devices. */
export function answerKeys(world: World, key: BinaryNode): BinaryNode {
  const users = childrenOf(key, 'user').map((user) => bundleOf(world, user.attrs['jid'] ?? ''))
  return node('list', {}, users)
}

/** Takes what a peer needs to write to a device; one that has few keys left is asked for more. */
export function takeBundle(world: World, device: Device, connection: Connection | undefined): KeyBundle {
  const bundle = world.accounts.takeBundle(device)
  const left = world.accounts.oneTimeKeysLeft(device)
  if (left < FEW_KEYS) {
    const attrs = { from: SERVER, type: 'encrypt', id: `keys-${Date.now()}`, t: stanzaTime() }
    connection?.send(node('notification', attrs, [node('count', { value: String(left) })]))
  }
  return bundle
}

/** Reads a signed key as clients write it. */
export function readSignedKey(key: BinaryNode | undefined): SignedKey | undefined {
  if (!key) return undefined
  return { id: readId(key), key: bytesAt(key, 'value'), signature: bytesAt(key, 'signature') }
}

function bundleOf(world: World, jid: string): BinaryNode {
  const address = readJid(jid)
  if (!address || !world.peers.exists(address.phone)) return unknownUser(jid)
  if (address.device === 0) return world.peers.of(address.phone).bundle(jid)
  const device = world.accounts.find(address.phone, address.device)
  return device && !device.isRemoved
    ? companionBundle(jid, world.accounts.takeBundle(device))
    : unknownUser(jid)
}

function unknownUser(jid: string): BinaryNode {
  return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })])
}

function companionBundle(
  jid: string,
  { registrationId, identity, signedPreKey, preKey }: KeyBundle,
): BinaryNode {
  const signed = [
    node('id', {}, encodeBigEndian(signedPreKey.id, 3)),
    node('value', {}, signedPreKey.key),
    node('signature', {}, signedPreKey.signature),
  ]
  return node('user', { jid, t: stanzaTime() }, [
    node('registration', {}, encodeBigEndian(registrationId)),
    node('type', {}, Buffer.from([5])),
    node('identity', {}, identity),
    node('skey', {}, signed),
    ...(preKey
      ? [node('key', {}, [node('id', {}, encodeBigEndian(preKey.id, 3)), node('value', {}, preKey.key)])]
      : []),
  ])
}

function readId(key: BinaryNode): number {
  const id = bytesAt(key, 'id')
  return id.length === 0 ? 0 : id.readUIntBE(0, id.length)
}
