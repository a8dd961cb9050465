// Something that the user asked for: one at a time, and what came of it.
import { useRef, useState } from 'preact/hooks'

import type { ApiProblem } from './api.ts'
import { asProblem } from './use-load.ts'

export interface Task {
  readonly isBusy: boolean
  readonly problem: ApiProblem | undefined
  /** Does nothing while another one runs. */
  readonly run: (work: () => Promise<void>) => void
}

export const useTask = (): Task => {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem>()
  const busy = useRef(false)
  const run = (work: () => Promise<void>) => {
    if (busy.current) return
    busy.current = true
    setBusy(true)
    setProblem(undefined)
    work()
      .catch((error: unknown) => setProblem(asProblem(error)))
      .finally(() => {
        busy.current = false
        setBusy(false)
      })
  }
  return { isBusy, problem, run }
}
