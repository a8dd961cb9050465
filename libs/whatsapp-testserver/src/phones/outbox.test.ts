import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { Store } from '../store.ts'
import { node, type BinaryNode } from '../wire/node.ts'
import type { Device } from './accounts.ts'
import { Outbox } from './outbox.ts'

const key = { id: 1, key: Buffer.alloc(0), signature: Buffer.alloc(0) }
const device: Device = {
  phone: '989901111111',
  device: 1,
  registrationId: 1,
  identity: Buffer.alloc(0),
  signedPreKey: key,
  isRemoved: false,
}

describe('the outbox', () => {
  let store: Store
  let outbox: Outbox
  let isReachable: boolean
  let delivered: BinaryNode[]
  const open = () =>
    new Outbox(store, { isReachable: () => isReachable, deliver: (_, stanza) => delivered.push(stanza) })

  beforeEach(() => {
    store = new Store()
    isReachable = true
    delivered = []
    outbox = open()
  })
  afterEach(() => outbox.close())

  const receipt = (id: string, from = 'a@s.whatsapp.net') => node('receipt', { id, from, type: 'read' })
  const ack = (id: string) => node('ack', { class: 'receipt', id, type: 'read' })
  const ids = () => delivered.map(({ attrs }) => attrs['id'])

  test('what is acknowledged is gone', async () => {
    outbox.put(device, receipt('1'))
    await eventually(() => delivered.length === 1)
    expect([...store.entries('')]).toHaveLength(1)
    outbox.acknowledge(device, ack('1'))
    expect([...store.entries('')]).toEqual([])
    expect(outbox.flush(device)).toBe(0)
  })

  test('what is not acknowledged comes again at the next login, after a restart too', async () => {
    outbox.put(device, receipt('1'))
    await eventually(() => delivered.length === 1)
    expect(outbox.flush(device)).toBe(1)
    expect(delivered[1]?.attrs).toMatchObject({ id: '1', offline: '1' })
    outbox.close()
    outbox = open()
    expect(outbox.flush(device)).toBe(1)
    expect(ids()).toEqual(['1', '1', '1'])
  })

  test('it waits for a device that is away, and for its time', () => {
    isReachable = false
    outbox.put(device, receipt('1'))
    outbox.put(device, receipt('2'), 60_000)
    expect(delivered).toEqual([])
    isReachable = true
    expect(outbox.flush(device)).toBe(1)
    expect(ids()).toEqual(['1'])
  })

  test('receipts of one person go together, those of others do not', async () => {
    outbox.put(device, receipt('1'))
    outbox.put(device, receipt('2'))
    outbox.put(device, receipt('3', 'b@s.whatsapp.net'))
    await eventually(() => delivered.length === 2)
    expect(delivered[0]?.content).toEqual([node('list', {}, [node('item', { id: '2' })])])
    expect(ids()).toEqual(['1', '3'])
    outbox.acknowledge(device, ack('1'))
    expect([...store.entries('')]).toHaveLength(1)
  })

  test('nothing is kept for a device that is no more', async () => {
    outbox.put(device, receipt('1'))
    outbox.put(device, receipt('2'), 60_000)
    await eventually(() => delivered.length === 1)
    outbox.forget(device)
    expect([...store.entries('')]).toEqual([])
  })
})
