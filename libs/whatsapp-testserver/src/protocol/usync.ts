/** Answers what devices a number has, what its LID is, and whether it is on WhatsApp. */
import { lidJid, phoneJid, readJid } from '../wire/jids.ts'
import { bytesAt, childOf, childrenOf, node, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'

interface Asked {
  readonly devices: boolean
  readonly lid: boolean
  readonly contact: boolean
}

export function answerUsync(world: World, usync: BinaryNode): BinaryNode {
  const query = childOf(usync, 'query')
  const asks = (protocol: string) => childOf(query, protocol) !== undefined
  const asked = { devices: asks('devices'), lid: asks('lid'), contact: asks('contact') }
  const users = childrenOf(childOf(usync, 'list'), 'user').map((user) => answerUser(world, user, asked))
  const { sid = '', context = '' } = usync.attrs
  const attrs = { sid, context, index: '0', last: 'true', mode: 'query' }
  return node('usync', attrs, [node('result', {}, []), node('list', {}, users)])
}

function answerUser(world: World, user: BinaryNode, asked: Asked): BinaryNode {
  const given = readJid(user.attrs['jid'])
  const phone = given?.phone ?? bytesAt(user, 'contact').toString().replace(/\D/g, '')
  const exists = world.peers.exists(phone)
  const content: BinaryNode[] = []
  if (asked.devices) content.push(node('devices', {}, [deviceList(world, phone, exists)]))
  if (asked.lid && exists && !given?.isLid) content.push(node('lid', { val: lidJid(phone) }))
  if (asked.contact) content.push(node('contact', { type: exists ? 'in' : 'out' }))
  return node('user', { jid: user.attrs['jid'] ?? phoneJid(phone) }, content)
}

/** The phone is device 0; linked devices carry the index of their key. */
function deviceList(world: World, phone: string, exists: boolean): BinaryNode {
  if (!exists) return node('device-list', {}, [])
  const linked = world.accounts
    .linkedTo(phone)
    .map(({ device }) => node('device', { id: String(device), 'key-index': String(device) }))
  return node('device-list', {}, [node('device', { id: '0' }), ...linked])
}
