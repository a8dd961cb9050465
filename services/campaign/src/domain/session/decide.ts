// What a WhatsApp number makes of a command. What the sender reports are facts: they are taken, or known already.
import type { Rejection, SessionCommand, SessionEvent } from '@peyk/contracts'
import { accept, type Decider, type Decision, reject } from '@peyk/event-sourcing/decider'

import { evolve, type ExistingSession, noSession, type Session } from './session.ts'

type SessionDecision = Decision<SessionEvent, Rejection>
type RequestLink = Extract<SessionCommand, { type: 'RequestLink' }>

const decide = (command: SessionCommand, session: Session): SessionDecision => {
  if (command.type === 'RequestLink') return requestLink(command.data, session)
  return session.status === 'none' ? reject({ code: 'session_not_found' }) : decideExisting(command, session)
}

const requestLink = (data: RequestLink['data'], session: Session): SessionDecision => {
  const { campaignId, ...request } = data
  const requested = accept<SessionEvent>({
    type: 'LinkRequested',
    data: campaignId === undefined ? request : { ...request, campaignId },
  })
  switch (session.status) {
    case 'none':
      return requested
    case 'connected':
    case 'disconnected':
      return accept()
    case 'linking':
      return campaignId === undefined || session.qrFor.includes(campaignId) ? accept() : requested
    case 'unlinking':
    case 'loggedOut':
    case 'banned':
      return requested
  }
}

const decideExisting = (
  command: Exclude<SessionCommand, RequestLink>,
  session: ExistingSession,
): SessionDecision => {
  switch (command.type) {
    case 'RecordConnected':
      return recordConnected(command.data.maskedNumber, session)
    case 'RecordDisconnected':
      return session.status === 'connected'
        ? accept({ type: 'SessionDisconnected', data: { cause: command.data.cause } })
        : accept()
    case 'RecordLoggedOut':
      return session.status === 'loggedOut' ? accept() : accept({ type: 'SessionLoggedOut', data: {} })
    case 'RecordBanned':
      return session.status === 'banned'
        ? accept()
        : accept({ type: 'SessionBanned', data: { cause: command.data.cause } })
    case 'RequestUnlink':
      return isGone(session) ? accept() : accept({ type: 'UnlinkRequested', data: {} })
  }
}

const isGone = ({ status }: ExistingSession): boolean =>
  status === 'unlinking' || status === 'loggedOut' || status === 'banned'

const recordConnected = (maskedNumber: string, session: ExistingSession): SessionDecision => {
  switch (session.status) {
    case 'connected':
    case 'unlinking':
      return accept()
    case 'disconnected':
      return accept({ type: 'SessionConnected', data: {} })
    case 'linking':
    case 'loggedOut':
    case 'banned':
      return accept({ type: 'SessionLinked', data: { maskedNumber } })
  }
}

export const sessionDecider: Decider<Session, SessionCommand, SessionEvent, Rejection> = {
  initialState: noSession,
  decide,
  evolve,
}
