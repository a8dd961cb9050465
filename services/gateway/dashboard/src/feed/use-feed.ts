// The live feed of a campaign as the state of a screen.
import { useEffect, useReducer } from 'preact/hooks'

import { api } from '../api.ts'
import { token, userId } from '../session.ts'
import { openFeed } from './feed-connection.ts'
import { feedReducer, type FeedState, initialFeed } from './feed-state.ts'

export const useFeed = (campaignId: number): FeedState => {
  const [state, dispatch] = useReducer(feedReducer, initialFeed)
  useEffect(() => {
    // A token is long-lived and stays out of addresses: a ticket of one use stands for it.
    const ticket = () => (token() === undefined ? Promise.resolve(undefined) : api.ticket(campaignId))
    const feed = openFeed({ campaignId, userId: userId(), ticket, onEvent: dispatch })
    return () => feed.close()
  }, [campaignId])
  return state
}
