// What became of each recipient of a campaign, read from its ledger.
import {
  type CampaignId,
  type DuplicateRecipients,
  eventStreams,
  type OutcomeEvent,
  readOutcomeEvent,
  type RecipientState,
} from '@peyk/contracts'
import { type EventStore, StreamNotFound } from '@peyk/event-sourcing'

export type StateOf = (position: number) => RecipientState

/** Folds the events of a ledger; whoever has no outcome is pending, or skipped once the rest was. */
export const foldStates = async (events: AsyncIterable<OutcomeEvent>): Promise<StateOf> => {
  const states = new Map<number, RecipientState>()
  let rest: RecipientState = 'pending'
  for await (const { type, data } of events)
    switch (type) {
      case 'OutcomesRecorded':
        for (const { position, state } of data.outcomes) states.set(position, state)
        break
      case 'RecipientsReopened':
        for (const position of data.positions) states.set(position, 'pending')
        break
      case 'RestSkipped':
        for (const [position, state] of states) if (state === 'pending') states.set(position, 'skipped')
        for (const position of data.unconfirmed) states.set(position, 'unconfirmed')
        rest = 'skipped'
        break
      case 'OutcomesLost':
        for (let position = 1; position <= data.toPosition; position += 1)
          if ((states.get(position) ?? 'pending') === 'pending') states.set(position, 'unconfirmed')
        break
      case 'RecipientsDispatched':
    }
  return (position) => states.get(position) ?? rest
}

export const readStates = (store: EventStore, id: CampaignId): Promise<StateOf> =>
  foldStates(readOutcomes(store, id))

async function* readOutcomes(store: EventStore, id: CampaignId): AsyncGenerator<OutcomeEvent> {
  try {
    for await (const recorded of store.readStream(eventStreams.outcomes(id))) yield readOutcomeEvent(recorded)
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
}

/** Whether a recipient in this state goes along with a duplicate. */
export const isTaken = (which: DuplicateRecipients, state: RecipientState): boolean => {
  switch (which) {
    case 'none':
      return false
    case 'all':
      return true
    case 'failed':
      return state === 'failed'
    case 'notDelivered':
      return state !== 'delivered' && state !== 'read' && state !== 'replied'
    case 'notReplied':
      return state !== 'replied'
  }
}
