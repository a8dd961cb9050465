/** Answers the queries of clients. What is not known is answered with "done", as Baileys needs it. */
import type { Connection } from '../connection.ts'
import { conflict } from '../connections.ts'
import type { Device } from '../phones/accounts.ts'
import { childOf, firstChildOf, node, type BinaryNode } from '../wire/node.ts'
import type { World } from '../world.ts'
import { answerKeys, readSignedKey, uploadKeys } from './keys.ts'
import { answerUsync } from './usync.ts'

const MEDIA_LIFE_S = '3600'
const REACH_OUT_LOCK = '23983697327930364'
const NEW_CHAT_CAP = '24503548349331633'

interface Query {
  readonly world: World
  readonly connection: Connection
  readonly device: Device
  readonly query: BinaryNode
  readonly step: BinaryNode
}

type Answer = (query: Query) => BinaryNode[] | undefined

/** By namespace, type and first child. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  'encrypt/get/count': ({ world, device }) => [
    node('count', { value: String(world.accounts.oneTimeKeysLeft(device)) }),
  ],
  'encrypt/get/digest': () => [node('digest')],
  'encrypt/set/registration': ({ world, device, query }) => {
    uploadKeys(world, device, query)
    return undefined
  },
  'encrypt/set/rotate': ({ world, device, step }) => {
    const key = readSignedKey(childOf(step, 'skey'))
    if (key) world.accounts.rotateSignedPreKey(device, key)
    return undefined
  },
  'encrypt/get/key': ({ world, step }) => [answerKeys(world, step)],
  'usync/get/usync': ({ world, step }) => [answerUsync(world, step)],
  'w:m/set/media_conn': ({ world }) => [
    node('media_conn', { auth: 'test', ttl: MEDIA_LIFE_S, auth_ttl: MEDIA_LIFE_S }, [
      node('host', { hostname: world.media.host, maxContentLengthBytes: String(128 * 1024 * 1024) }),
    ]),
  ],
  'w:mex/get/query': ({ world, device, step }) => [mexResult(world, device, step)],
  'abt/get/props': () => [node('props', { hash: 'test' }, [])],
  'blocklist/get/': () => [node('list', {}, [])],
  'privacy/get/privacy': () => [
    node('privacy', {}, [node('category', { name: 'readreceipts', value: 'all' })]),
  ],
}

/** Which fault may hit a query. */
const FAULTS: Readonly<Record<string, string>> = {
  'usync/get/usync': 'usync',
  'encrypt/get/key': 'keys',
  'w:m/set/media_conn': 'media',
}

export function answerQuery(world: World, connection: Connection, device: Device, query: BinaryNode): void {
  const step = firstChildOf(query) ?? node('')
  const { xmlns = '', type = '' } = query.attrs
  if (type === 'result' || type === 'error') return
  const name = `${xmlns}/${type}/${step.tag}`
  const subject = { from: device.phone, key: query.attrs['id'], what: FAULTS[name] ?? 'everything' }
  if (world.faults.take('silence', subject)) return
  const error = world.faults.take('queryError', subject)
  if (error) {
    connection.refuse(query, error.code, 'test')
    return
  }
  if (name === 'md/set/remove-companion-device') {
    logout(world, connection, device, query)
    return
  }
  connection.answer(query, ANSWERS[name]?.({ world, connection, device, query, step }))
}

/** The device leaves the account. */
function logout(world: World, connection: Connection, device: Device, query: BinaryNode): void {
  removeDevice(world, device)
  connection.answer(query)
  connection.end(conflict('device_removed'))
}

export function removeDevice(world: World, device: Device): void {
  world.accounts.remove(device)
  world.outbox.forget(device)
}

function mexResult(world: World, { phone }: Device, step: BinaryNode): BinaryNode {
  const data = mexData(world, phone, step.attrs['query_id'] ?? '')
  return node('result', {}, Buffer.from(JSON.stringify({ data })))
}

function mexData(world: World, from: string, queryId: string): Record<string, unknown> {
  if (queryId === REACH_OUT_LOCK) {
    const lock = world.faults.take('reachOutLock', { from })
    const ends = lock ? String(Math.floor(Date.now() / 1000) + lock.seconds) : '0'
    return {
      xwa2_fetch_account_reachout_timelock: {
        is_active: lock !== undefined,
        time_enforcement_ends: ends,
        enforcement_type: lock ? 'BIZ_QUALITY' : 'DEFAULT',
      },
    }
  }
  if (queryId !== NEW_CHAT_CAP) return {}
  const cap = world.faults.take('newChatCap', { from })
  return {
    xwa2_message_capping_info: {
      total_quota: cap?.total ?? -1,
      used_quota: cap?.used ?? 0,
      capping_status: cap && cap.used >= cap.total ? 'CAPPED' : 'NONE',
    },
  }
}
