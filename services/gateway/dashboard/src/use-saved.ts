// What is typed is saved when the typing rests: one save at a time, the newest value last.
import { useEffect, useRef, useState } from 'preact/hooks'

import type { ApiProblem } from './api.ts'
import { asProblem } from './use-load.ts'

const RESTED_MS = 500

export interface Saved<Value> {
  readonly state: 'untouched' | 'waiting' | 'saved' | 'failed'
  readonly problem: ApiProblem | undefined
  readonly put: (value: Value) => void
  /** Saves at once what waits; false when it could not be saved. */
  readonly settle: () => Promise<boolean>
}

export const useSaved = <Value>(save: (value: Value) => Promise<void>): Saved<Value> => {
  const [state, setState] = useState<Saved<Value>['state']>('untouched')
  const [problem, setProblem] = useState<ApiProblem>()
  const waiting = useRef<{ readonly value: Value }>(undefined)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const running = useRef<Promise<boolean>>(undefined)
  const newest = useRef(save)
  newest.current = save

  const saveAll = async (): Promise<boolean> => {
    while (waiting.current !== undefined) {
      const { value } = waiting.current
      waiting.current = undefined
      try {
        await newest.current(value)
      } catch (error) {
        // It is tried again with the next change, or when the user goes on.
        waiting.current ??= { value }
        setProblem(asProblem(error))
        setState('failed')
        return false
      }
    }
    setProblem(undefined)
    setState((last) => (last === 'untouched' ? last : 'saved'))
    return true
  }
  const settle = async (): Promise<boolean> => {
    clearTimeout(timer.current)
    await running.current
    running.current = saveAll()
    return running.current
  }
  const put = (value: Value) => {
    waiting.current = { value }
    setState('waiting')
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void settle(), RESTED_MS)
  }
  useEffect(
    () => () => {
      // Who leaves the screen has typed it all the same.
      if (waiting.current !== undefined) void settle()
    },
    [],
  )
  return { state, problem, put, settle }
}
