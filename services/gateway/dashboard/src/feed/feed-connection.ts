// One connection to the live feed of a campaign, made again when it is lost.
import type { LiveMessage } from '@peyk/contracts'

import type { FeedEvent } from './feed-state.ts'

export interface FeedOptions {
  readonly campaignId: number
  readonly userId: string
  readonly token: string | undefined
  readonly onEvent: (event: FeedEvent) => void
}

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 10_000
/** The server says `ping` every 30 s: a connection that is quiet for longer than two of them is dead. */
const MAX_SILENCE_MS = 75_000
/** Bad request, token, access, no such campaign, subprotocol: trying again changes nothing. */
const FINAL_CODES: readonly number[] = [1003, 4400, 4401, 4403, 4404, 4406]

/** Connects until `close` is called. */
export const openFeed = (options: FeedOptions): { close(): void } => {
  const { onEvent } = options
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isClosed = false

  const dial = (): void => {
    onEvent({ type: 'dialled' })
    socket = new WebSocket(addressOf(options))
    listen(socket)
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
      if (isClosed) return
      if (FINAL_CODES.includes(code)) {
        onEvent({ type: 'refused' })
        return
      }
      failures += 1
      onEvent({ type: 'lost' })
      timer = setTimeout(dial, delayOf(reason, failures))
    }
  }

  dial()
  return {
    close: () => {
      isClosed = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}

const addressOf = ({ campaignId, userId, token }: FeedOptions): string => {
  const url = new URL('/ws/campaigns', location.href.replace(/^http/, 'ws'))
  url.searchParams.set('campaignId', String(campaignId))
  url.searchParams.set('userId', userId)
  if (token !== undefined) url.searchParams.set('token', token)
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
