import { randomUUID } from 'node:crypto'

import { EventStoreUnavailable } from '../event-store-errors.ts'
import type {
  EventStore,
  EventToAppend,
  ExpectedRevision,
  RecordedEvent,
  StreamHead,
  SubscriptionMessage,
} from '../event-store.ts'
import type { FaultyLink } from './faulty-link.ts'

/** The server that a contract run talks to. */
export interface ContractServer {
  readonly url: string
  /** Both resolve when it serves again, at the same address and with what it had. */
  readonly restart: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What a server can be asked for, beside the protocol. */
export interface ContractAbilities {
  /** It is ours to stop and kill. */
  readonly canStop: boolean
  /** Its URL has a user and a password. */
  readonly hasCredentials: boolean
}

/** What each part of the contract works with. */
export interface ContractContext extends ContractAbilities {
  readonly store: () => EventStore
  readonly link: () => FaultyLink
  readonly server: () => ContractServer
}

/** A name that no other test and no other run uses, so that a server may be used for many runs. */
export const newName = (prefix = 'contract'): string => `${prefix}${randomUUID().replaceAll('-', '')}`

export const newEvent = (data: unknown = {}, type = 'Tested'): EventToAppend & { readonly id: string } => ({
  id: randomUUID(),
  type,
  data,
  metadata: { commandId: randomUUID() },
})

export const newEvents = (count: number): (EventToAppend & { readonly id: string })[] =>
  Array.from({ length: count }, (_, index) => newEvent({ index }))

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** As a caller does it: the same ids and the same expected revision until there is an answer. */
export const appendUntilAcknowledged = async (
  store: EventStore,
  streamName: string,
  events: readonly EventToAppend[],
  expectedRevision: ExpectedRevision,
): Promise<StreamHead> => {
  for (;;) {
    try {
      return await store.append(streamName, events, { expectedRevision })
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error
    }
  }
}

export const idsOf = (events: readonly { readonly id?: string }[]): (string | undefined)[] =>
  events.map(({ id }) => id)

/** A subscription that runs beside the test and remembers what came. */
export interface Listener extends AsyncDisposable {
  readonly messages: readonly SubscriptionMessage[]
  readonly events: readonly RecordedEvent[]
  readonly stop: () => Promise<void>
}

export const listen = (
  store: EventStore,
  options: { readonly streamPrefixes: readonly string[]; readonly after?: bigint | 'start' | 'end' },
  onMessage: (message: SubscriptionMessage) => Promise<void> | void = () => undefined,
): Listener => {
  const controller = new AbortController()
  const messages: SubscriptionMessage[] = []
  const events: RecordedEvent[] = []
  const run = async () => {
    for await (const message of store.subscribeToAll({ ...options, signal: controller.signal })) {
      messages.push(message)
      if (message.kind === 'event') events.push(message.event)
      await onMessage(message)
    }
  }
  const running = run()
  const stop = async () => {
    controller.abort()
    await running
  }
  return { messages, events, stop, [Symbol.asyncDispose]: stop }
}
