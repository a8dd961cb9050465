// The recipients in sight, of a list that may have a hundred thousand: pages are asked for when the scrolling rests.
import type { RecipientReply, RecipientState } from '@peyk/contracts'
import { useEffect, useRef, useState } from 'preact/hooks'

import { api, type ApiProblem, RECIPIENTS_A_PAGE } from '../../../api.ts'
import { asProblem } from '../../../use-load.ts'

interface Known {
  readonly total: number | undefined
  readonly pages: ReadonlyMap<number, Page>
}

interface Page {
  readonly turn: string
  readonly recipients: readonly RecipientReply[]
}

export interface Asked {
  readonly id: number
  readonly status: RecipientState | undefined
  /** Another one: what is known may be old, and stays until the answer comes. */
  readonly turn: string
  /** Rows in sight, from 0; both included. */
  readonly first: number
  readonly last: number
}

export interface Recipients {
  readonly total: number | undefined
  readonly at: (row: number) => RecipientReply | undefined
  readonly problem: ApiProblem | undefined
  readonly retry: () => void
}

const RESTED_MS = 100
const nothing: Known = { total: undefined, pages: new Map() }

export const useRecipients = ({ id, status, turn, first, last }: Asked): Recipients => {
  const [known, setKnown] = useState(nothing)
  const [problem, setProblem] = useState<ApiProblem>()
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(known)
  latest.current = known
  const [firstPage, lastPage] = [pageOf(first), pageOf(last)]
  useEffect(() => {
    latest.current = nothing
    setKnown(nothing)
  }, [id, status])
  useEffect(() => {
    const gone = new AbortController()
    const read = async (page: number) => {
      if (latest.current.pages.get(page)?.turn === turn) return
      const { recipients, pagination } = await api.recipients(id, page, status, gone.signal)
      if (gone.signal.aborted) return
      setProblem(undefined)
      setKnown(({ pages }) => ({
        total: pagination.total,
        pages: new Map(pages).set(page, { turn, recipients }),
      }))
    }
    const readAll = async () => {
      for (let page = firstPage; page <= lastPage; page += 1) await read(page)
    }
    const timer = setTimeout(() => {
      readAll().catch((error: unknown) => !gone.signal.aborted && setProblem(asProblem(error)))
    }, RESTED_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [id, status, turn, firstPage, lastPage, attempt])
  return {
    total: known.total,
    at: (row) => known.pages.get(pageOf(row))?.recipients[row % RECIPIENTS_A_PAGE],
    problem,
    retry: () => setAttempt(attempt + 1),
  }
}

/** Pages begin with 1. */
const pageOf = (row: number): number => Math.floor(row / RECIPIENTS_A_PAGE) + 1
