// A WhatsApp number's state: asked for, linked, gone.
import type { CampaignId, SessionEvent, SessionId, TenantId, UserId } from '@peyk/contracts'

export interface SessionDetails {
  readonly sessionId: SessionId
  readonly tenant: TenantId
  readonly ownerId: UserId
}

/** `linking`: somebody asked for a QR, nobody has scanned it yet. */
export type Session =
  | { readonly status: 'none' }
  | {
      readonly status: 'linking'
      readonly details: SessionDetails
      /** The campaigns whose feeds get the QR. */
      readonly qrFor: readonly CampaignId[]
    }
  | {
      readonly status: 'connected' | 'disconnected'
      readonly details: SessionDetails
      readonly maskedNumber: string
    }
  | { readonly status: 'unlinking' | 'loggedOut' | 'banned'; readonly details: SessionDetails }

export type ExistingSession = Exclude<Session, { status: 'none' }>

export const noSession: Session = { status: 'none' }

/** A number after an event. */
export const evolve = (session: Session, event: SessionEvent): Session => {
  if (event.type === 'LinkRequested') return linkRequested(session, event.data)
  return session.status === 'none' ? session : evolveExisting(session, event)
}

type LinkRequested = Extract<SessionEvent, { type: 'LinkRequested' }>

const linkRequested = (
  session: Session,
  { sessionId, tenant, ownerId, campaignId }: LinkRequested['data'],
): Session => {
  const asked = session.status === 'linking' ? session.qrFor : []
  return {
    status: 'linking',
    details: session.status === 'none' ? { sessionId, tenant, ownerId } : session.details,
    qrFor: campaignId === undefined ? asked : [...new Set([...asked, campaignId])],
  }
}

const evolveExisting = (session: ExistingSession, event: Exclude<SessionEvent, LinkRequested>): Session => {
  const { details } = session
  switch (event.type) {
    case 'SessionLinked':
      return { status: 'connected', details, maskedNumber: event.data.maskedNumber }
    case 'SessionConnected':
      return session.status === 'disconnected' ? { ...session, status: 'connected' } : session
    case 'SessionDisconnected':
      return session.status === 'connected' ? { ...session, status: 'disconnected' } : session
    case 'SessionLoggedOut':
      return { status: 'loggedOut', details }
    case 'SessionBanned':
      return { status: 'banned', details }
    case 'UnlinkRequested':
      return { status: 'unlinking', details }
  }
}
