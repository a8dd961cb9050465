import { randomBytes } from 'node:crypto'

import { beforeEach, describe, expect, test } from '@jest/globals'
import { proto } from '@whiskeysockets/baileys'

import { MemoryCredentials } from '../memory-credentials.ts'
import { Authentication } from './authentication.ts'

describe('the stored keys of a session', () => {
  let store: MemoryCredentials
  let failures: unknown[]
  const load = () => Authentication.load(store, (error) => failures.push(error))

  beforeEach(() => {
    store = new MemoryCredentials()
    failures = []
  })

  test('come back as they were written', async () => {
    const written = await load()
    const session = randomBytes(100)
    const token = { token: randomBytes(8), timestamp: '1' }
    await written.state.keys.set({ session: { 'a.1': session }, tctoken: { x: token } })

    const { keys } = (await load()).state
    expect(await keys.get('session', ['a.1', 'b.1'])).toEqual({ 'a.1': session })
    expect(await keys.get('tctoken', ['x'])).toEqual({ x: token })
  })

  test('one call is one write', async () => {
    const { keys } = (await load()).state
    const writes: number[] = []
    store.write = (records) => Promise.resolve(void writes.push(records.size))
    await keys.set({ session: { a: randomBytes(1), b: randomBytes(1) }, 'lid-mapping': { c: 'd' } })
    expect(writes).toEqual([3])
  })

  test('a key set to null is deleted', async () => {
    const { keys } = (await load()).state
    await keys.set({ session: { a: randomBytes(1) } })
    await keys.set({ session: { a: null } })
    expect(await keys.get('session', ['a'])).toEqual({})
    expect(store.records.size).toBe(0)
  })

  test('known keys, and the absence of a key, are not read again', async () => {
    const { keys } = (await load()).state
    await keys.set({ session: { a: randomBytes(1) } })
    await keys.get('session', ['absent'])
    store.read = () => Promise.reject(new Error('read again'))
    expect(Object.keys(await keys.get('session', ['a', 'absent']))).toEqual(['a'])
  })

  test('what could not be written is not read back', async () => {
    const { keys } = (await load()).state
    const first = randomBytes(4)
    await keys.set({ session: { a: first } })
    store.fence()
    await expect(async () => keys.set({ session: { a: randomBytes(4) } })).rejects.toBe(store.failure)
    expect(failures).toEqual([store.failure])
    expect(await keys.get('session', ['a'])).toEqual({ a: first })
  })

  test('sync keys come back as the message type that Baileys expects', async () => {
    const key = proto.Message.AppStateSyncKeyData.fromObject({ keyData: randomBytes(4), timestamp: 5 })
    await (await load()).state.keys.set({ 'app-state-sync-key': { k: key } })
    const { k } = await (await load()).state.keys.get('app-state-sync-key', ['k'])
    expect(Buffer.from(k?.keyData ?? [])).toEqual(key.keyData)
  })

  test('credentials of a link that was never completed are not used', async () => {
    const first = await load()
    first.state.creds.me = { id: '1@s.whatsapp.net' }
    expect(await first.saveCreds()).toBe(true)
    const second = await load()
    expect(second.isLinked).toBe(false)
    expect(second.state.creds.me).toBeUndefined()
  })

  test('credentials that change while they are written are written again', async () => {
    const authentication = await load()
    const { creds } = authentication.state
    creds.accountSyncCounter = 1
    const first = authentication.saveCreds()
    creds.accountSyncCounter = 2
    await Promise.all([first, authentication.saveCreds()])
    const stored = store.records.get('creds')
    expect(JSON.parse(Buffer.from(stored ?? []).toString())).toMatchObject({ accountSyncCounter: 2 })
  })

  test('credentials that could not be written are not durable', async () => {
    const authentication = await load()
    store.fence()
    expect(await authentication.saveCreds()).toBe(false)
    expect(await authentication.stored()).toBe(false)
  })

  test('after the end nothing is written', async () => {
    const authentication = await load()
    await authentication.settled()
    authentication.seal()
    await expect(async () =>
      authentication.state.keys.set({ session: { a: randomBytes(1) } }),
    ).rejects.toThrow()
    expect(store.records.size).toBe(0)
    expect(failures).toEqual([])
  })
})
