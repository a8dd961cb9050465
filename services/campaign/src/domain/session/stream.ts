// Where a WhatsApp number's life is stored, and how it is read from there.
import { eventStreams, readSessionEvent, type SessionId } from '@peyk/contracts'

import { sessionDecider } from './decide.ts'

/** What handling a command for this number takes, beside the command itself. */
export const sessionStream = (id: SessionId) => ({
  streamName: eventStreams.session(id),
  decider: sessionDecider,
  codec: { decode: readSessionEvent },
})
