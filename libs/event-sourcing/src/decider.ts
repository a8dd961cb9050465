// The shape of every aggregate: pure, without clock, ids or I/O. `domain/` imports this file alone
// (`@peyk/event-sourcing/decider`).

/** What deciding came to: facts to record (none when the command changes nothing), or a refusal with its reason. */
export type Decision<Event, Reason> =
  | { readonly outcome: 'accepted'; readonly events: readonly Event[] }
  | { readonly outcome: 'rejected'; readonly reason: Reason }

/** An aggregate: where it starts, what a command leads to, and what an event makes of it. */
export interface Decider<State, Command, Event, Reason> {
  readonly initialState: State
  readonly decide: (command: Command, state: State) => Decision<Event, Reason>
  readonly evolve: (state: State, event: Event) => State
}

/** The command is taken, and these are its events. */
export const accept = <Event>(...events: readonly Event[]): Decision<Event, never> => ({
  outcome: 'accepted',
  events,
})

/** The command is refused. */
export const reject = <Reason>(reason: Reason): Decision<never, Reason> => ({ outcome: 'rejected', reason })
