import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

import { expect, jest, test } from '@jest/globals'
import { campaignIdSchema, tenantIdSchema, userIdSchema } from '@peyk/contracts'
import type { WebSocket } from 'ws'

import { Client } from './client.ts'
import type { Framed } from './frames.ts'
import type { RealtimeMetrics } from './metrics.ts'

const framed: Framed = {
  type: 'error_update',
  sequence: 1,
  count: 1,
  frame: Buffer.from('x'),
  positioned: () => Buffer.alloc(0),
  publishedAtMs: 0,
}

/** A client whose socket holds what is written to it until it is told to send. */
const behindClient = (maxLagMs: number) => {
  const socket = Object.assign(new EventEmitter(), {
    writableLength: 0,
    write(data: Buffer) {
      this.writableLength += data.byteLength
      return true
    },
  })
  const close = jest.fn()
  const websocket = Object.assign(new EventEmitter(), { close, terminate: jest.fn() })
  const client = new Client({
    websocket: websocket as unknown as WebSocket,
    socket: socket as unknown as Socket,
    campaignId: campaignIdSchema.parse(1),
    principal: { tenant: tenantIdSchema.parse('acme'), userId: userIdSchema.parse('1'), roles: [] },
    tokenId: undefined,
    tenantAndUser: 'acme/1',
    address: '127.0.0.1',
    isV2: false,
    resume: undefined,
    mayLink: false,
    tokenEndsAt: undefined,
    pingIntervalMs: 30_000,
    limits: { conflateAboveBytes: 1_000, closeAboveBytes: 2_000, maxLagMs },
    metrics: { sent: jest.fn(), slow: jest.fn() } as unknown as RealtimeMetrics,
  })
  return { client, socket, close }
}

test('[P15] what waits longer than it may is a slow client, seen by the sweep too', () => {
  const { client, close } = behindClient(-1)
  client.write(framed.frame, [framed])
  client.sweep(Date.now())
  expect(close).toHaveBeenCalledWith(4290, expect.stringContaining('slow'))
})

test('[P15] a little that waited and went out, without a drain being told, is no lag', () => {
  const { client, socket, close } = behindClient(-1)
  client.write(framed.frame, [framed])
  socket.writableLength = 0
  client.sweep(Date.now())
  expect(close).not.toHaveBeenCalled()
})
