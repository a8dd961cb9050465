import assert from 'node:assert/strict'

import type { Decider } from '@peyk/event-sourcing/decider'

export interface DeciderThen<Event, Reason> {
  /** These events, in this order. */
  then(...events: readonly Event[]): void
  thenRejected(reason: Reason): void
  /** Accepted, and nothing changed: what a repeated command gives. */
  thenNothing(): void
}

/** Given events, when a command, then events, a rejection, or nothing. */
export type DeciderSpecification<Command, Event, Reason> = (...past: readonly Event[]) => {
  when(command: Command): DeciderThen<Event, Reason>
}

/**
 * `const given = specify(decider)`, then `given(created).when(start).then(started)`. States and commands are frozen on
 * the way, so a decider that changes them fails.
 */
export const specify =
  <State, Command, Event, Reason>(
    decider: Decider<State, Command, Event, Reason>,
  ): DeciderSpecification<Command, Event, Reason> =>
  (...past) => ({
    when: (command) => {
      const state = past.reduce<State>(
        (before, event) => deepFreeze(decider.evolve(before, deepFreeze(event))),
        deepFreeze(decider.initialState),
      )
      const decision = decider.decide(deepFreeze(command), state)
      return {
        then: (...events) => assert.deepEqual(decision, { outcome: 'accepted', events }),
        thenRejected: (reason) => assert.deepEqual(decision, { outcome: 'rejected', reason }),
        thenNothing: () => assert.deepEqual(decision, { outcome: 'accepted', events: [] }),
      }
    },
  })

/** Maps, sets and bytes keep their insides open: `Object.freeze` does not reach them. */
const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value
  }
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}
