import { describe, expect, test } from '@jest/globals'
import { accept, reject, type Decider } from '@peyk/event-sourcing/decider'

import { specify } from './decider-specification.ts'

type Event = { type: 'Opened' } | { type: 'Closed' }
interface Door {
  isOpen: boolean
}

const door: Decider<Door, 'open' | 'close', Event, 'alreadyShut'> = {
  initialState: { isOpen: false },
  decide: (command, { isOpen }) => {
    if (command === 'open') return isOpen ? accept() : accept({ type: 'Opened' })
    return isOpen ? accept({ type: 'Closed' }) : reject('alreadyShut')
  },
  evolve: (_, { type }) => ({ isOpen: type === 'Opened' }),
}

const given = specify(door)

describe('given, when, then', () => {
  test('events', () => {
    given().when('open').then({ type: 'Opened' })
    given({ type: 'Opened' }).when('close').then({ type: 'Closed' })
  })

  test('a rejection', () => given().when('close').thenRejected('alreadyShut'))

  test('nothing', () => given({ type: 'Opened' }).when('open').thenNothing())

  test('fails when something else came out', () => {
    expect(() => given().when('open').thenNothing()).toThrow()
    expect(() => given().when('open').then({ type: 'Closed' })).toThrow()
    expect(() => given().when('close').then({ type: 'Closed' })).toThrow()
  })

  test('fails when evolve changes the state that it got', () => {
    const evolve = (state: Door) => {
      state.isOpen = true
      return state
    }
    expect(() => specify({ ...door, evolve })({ type: 'Opened' }).when('open')).toThrow(TypeError)
  })
})
