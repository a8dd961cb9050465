// One connection to the live feed of a campaign, made again when it is lost.
import type { LiveMessage } from '@peyk/contracts'

import { ApiProblem } from '../api.ts'
import type { FeedEvent } from './feed-state.ts'

export interface FeedOptions {
  readonly campaignId: number
  readonly userId: string
  /** Asked before each connection; undefined where nobody needs one. */
  readonly ticket: () => Promise<string | undefined>
  readonly onEvent: (event: FeedEvent) => void
}

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 10_000
/** The server says `ping` every 30 s: a connection that is quiet for longer than two of them is dead. */
const MAX_SILENCE_MS = 75_000
/** Bad request, token, access, no such campaign, subprotocol: trying again changes nothing. */
const FINAL_CODES: readonly number[] = [1003, 4400, 4401, 4403, 4404, 4406]
/** The same, of the request for a ticket. */
const FINAL_STATUSES: readonly number[] = [400, 401, 403, 404]

/** Connects until `close` is called. */
export const openFeed = (options: FeedOptions): { close(): void } => {
  const { onEvent } = options
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isClosed = false

  const dial = async (): Promise<void> => {
    onEvent({ type: 'dialled' })
    try {
      const ticket = await options.ticket()
      if (isClosed) return
      socket = new WebSocket(addressOf(options, ticket))
      listen(socket)
    } catch (error) {
      if (!isClosed) lose('', error instanceof ApiProblem && FINAL_STATUSES.includes(error.status))
    }
  }

  const lose = (reason: string, isFinal: boolean): void => {
    if (isFinal) {
      onEvent({ type: 'refused' })
      return
    }
    failures += 1
    onEvent({ type: 'lost' })
    timer = setTimeout(() => void dial(), delayOf(reason, failures))
  }

  const listen = (dialled: WebSocket): void => {
    let silence: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => dialled.close(), MAX_SILENCE_MS)
    }
    dialled.onopen = () => {
      failures = 0
      onEvent({ type: 'opened' })
      heard()
    }
    dialled.onmessage = ({ data }) => {
      heard()
      if (data === 'ping') dialled.send('pong')
      else onEvent({ type: 'told', message: messageOf(data), atMs: Date.now() })
    }
    dialled.onclose = ({ code, reason }) => {
      clearTimeout(silence)
      if (!isClosed) lose(reason, FINAL_CODES.includes(code))
    }
  }

  void dial()
  return {
    close: () => {
      isClosed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}

const addressOf = ({ campaignId, userId }: FeedOptions, ticket: string | undefined): string => {
  const url = new URL('/ws/campaigns', location.href.replace(/^http/, 'ws'))
  url.searchParams.set('campaignId', String(campaignId))
  url.searchParams.set('userId', userId)
  if (ticket !== undefined) url.searchParams.set('token', ticket)
  return url.href
}

/** The server of our own origin keeps to the contract; what it says is not checked once more. */
const messageOf = (data: unknown): LiveMessage => JSON.parse(String(data)) as LiveMessage

/** The delay that the server asks for, else one that grows, with jitter so that not all come back at once. */
const delayOf = (reason: string, failures: number): number => {
  const asked = /"r":(\d+)/.exec(reason)?.[1]
  if (asked !== undefined) return Number(asked)
  const grown = FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10)
  return Math.min(MAX_DELAY_MS, grown) * (0.75 + Math.random() / 2)
}
