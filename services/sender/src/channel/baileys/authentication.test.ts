import { randomBytes } from 'node:crypto'

import { beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import { proto, type SignalDataSet } from '@whiskeysockets/baileys'

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

  test('one call is one write, and what comes during a write goes together into the next', async () => {
    const { keys } = (await load()).state
    const writes: string[][] = []
    const first = Promise.withResolvers<undefined>()
    store.write = async (records) => {
      writes.push([...records.keys()])
      if (writes.length === 1) await first.promise
    }
    const set = async (data: SignalDataSet) => keys.set(data)
    const done = [set({ session: { a: randomBytes(1) }, 'lid-mapping': { b: 'c' } })]
    await eventually(() => writes.length === 1)
    done.push(set({ session: { d: randomBytes(1) } }), set({ session: { e: randomBytes(1) } }))
    first.resolve(undefined)
    await Promise.all(done)
    expect(writes).toEqual([
      ['session|a', 'lid-mapping|b'],
      ['session|d', 'session|e'],
    ])
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

  test('after a write that failed there is no other', async () => {
    const { keys } = (await load()).state
    store.fence()
    await expect(async () => keys.set({ session: { a: randomBytes(1) } })).rejects.toThrow()
    store.failure = undefined
    await expect(async () => keys.set({ session: { b: randomBytes(1) } })).rejects.toThrow()
    expect(store.records.size).toBe(0)
    expect(failures).toHaveLength(1)
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
    first.saveCreds()
    expect(await first.areCredsStored).toBe(true)
    const second = await load()
    expect(second.isLinked).toBe(false)
    expect(second.state.creds.me).toBeUndefined()
  })

  test('credentials are stored as they were last', async () => {
    const authentication = await load()
    for (const counter of [1, 2]) {
      authentication.state.creds.accountSyncCounter = counter
      authentication.saveCreds()
    }
    expect(await authentication.areCredsStored).toBe(true)
    const stored = store.records.get('creds')
    expect(JSON.parse(Buffer.from(stored ?? []).toString())).toMatchObject({ accountSyncCounter: 2 })
  })

  test('credentials that could not be written are not durable', async () => {
    const authentication = await load()
    store.fence()
    authentication.saveCreds()
    expect(await authentication.areCredsStored).toBe(false)
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
