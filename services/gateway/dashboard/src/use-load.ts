// Something read from the API: on its way, there, or refused.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

import { ApiProblem } from './api.ts'

export type Loaded<Value> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: Value }
  | { readonly state: 'failed'; readonly problem: ApiProblem }

/**
 * Reads when `key` changes, and again on `reload` and when `freshness` changes, which keep what is there until the answer comes.
 * A read that was overtaken is forgotten. `known`: it has been read already, and is not read first.
 */
export const useLoad = <Value>(
  key: string,
  read: (signal: AbortSignal) => Promise<Value>,
  freshness = '',
  known?: Value,
): readonly [Loaded<Value>, () => void] => {
  const [loaded, setLoaded] = useState<Loaded<Value> & { key?: string }>(
    known === undefined ? { state: 'loading' } : { state: 'ready', value: known, key },
  )
  const isKnown = useRef(known !== undefined)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (isKnown.current) {
      isKnown.current = false
      return undefined
    }
    const gone = new AbortController()
    read(gone.signal)
      .then((value) => !gone.signal.aborted && setLoaded({ state: 'ready', value, key }))
      .catch(
        (error: unknown) =>
          !gone.signal.aborted && setLoaded({ state: 'failed', problem: asProblem(error), key }),
      )
    return () => gone.abort()
  }, [key, turn, freshness])
  const reload = useCallback(() => setTurn((last) => last + 1), [])
  return [loaded.key === key ? loaded : { state: 'loading' }, reload]
}

export const asProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem('other', 0)
