// Connections that come and go, each in its own way: politely, by a reset, before their answer, or refused.
import type { Socket } from 'node:net'

import type { CampaignId } from '@peyk/contracts'

import { type GatewayProcess, token } from '../../../services/gateway/src/testing/gateway-fixture.ts'
import {
  clientFrame,
  dialRaw,
  firstAnswer,
  openRaw,
  upgradeRequest,
} from '../../../services/gateway/src/testing/raw-client.ts'

const LONGEST_STAY_MS = 10_000
const CLOSE = 0x88

interface Visit {
  readonly port: number
  readonly path: string
  readonly stayMs: number
}

type Way = (visit: Visit) => Promise<void>

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const isOver = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())))

const politely: Way = async ({ port, path, stayMs }) => {
  const socket = (await openRaw(port, path)).resume()
  await pause(stayMs)
  socket.end(clientFrame(CLOSE, Buffer.from([0x03, 0xe8])))
  await isOver(socket)
}
const byReset: Way = async ({ port, path, stayMs }) => {
  const socket = (await openRaw(port, path)).resume()
  await pause(stayMs)
  socket.resetAndDestroy()
}
const beforeTheAnswer: Way = async ({ port, path }) => {
  const socket = dialRaw(port)
  await new Promise((resolve) => socket.once('connect', resolve))
  await new Promise((resolve) => socket.write(upgradeRequest(path), resolve))
  socket.resetAndDestroy()
}
const refused: Way = async ({ port, path }) => {
  const socket = dialRaw(port)
  socket.write(upgradeRequest(`${path}x`))
  await firstAnswer(socket)
  socket.destroy()
}

const ways: readonly Way[] = [politely, politely, politely, byReset, byReset, beforeTheAnswer, refused]

/** Dials so many a second until it is stopped; `stop` answers how many there were, and throws if one failed. */
export const startChurn = async (
  { port }: GatewayProcess,
  ids: readonly CampaignId[],
  eachSecond: number,
) => {
  const bearer = await token({}, '10h')
  const visits = new Set<Promise<void>>()
  let [dialled, failed] = [0, 0]
  const timer = setInterval(() => {
    const way = ways[dialled % ways.length] ?? politely
    const path = `/ws/campaigns?campaignId=${ids[dialled % ids.length]}&userId=1&token=${bearer}`
    dialled += 1
    const visit = way({ port, path, stayMs: Math.random() * LONGEST_STAY_MS })
      .catch(() => void (failed += 1))
      .finally(() => visits.delete(visit))
    visits.add(visit)
  }, 1_000 / eachSecond)
  return {
    stop: async (): Promise<number> => {
      clearInterval(timer)
      await Promise.all(visits)
      if (failed > 0) throw new Error(`${failed} of ${dialled} connections had no answer`)
      return dialled
    },
  }
}
