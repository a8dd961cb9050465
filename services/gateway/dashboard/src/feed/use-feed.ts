// The live feed of a campaign as the state of a screen.
import { useEffect, useReducer } from 'preact/hooks'

import { token, userId } from '../session.ts'
import { openFeed } from './feed-connection.ts'
import { feedReducer, type FeedState, initialFeed } from './feed-state.ts'

export const useFeed = (campaignId: number): FeedState => {
  const [state, dispatch] = useReducer(feedReducer, initialFeed)
  useEffect(() => {
    const feed = openFeed({ campaignId, userId: userId(), token: token(), onEvent: dispatch })
    return () => feed.close()
  }, [campaignId])
  return state
}
