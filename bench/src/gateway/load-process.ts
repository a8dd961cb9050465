// The other end of load.ts: orders in, answers out, one at a time.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

export interface Dial {
  readonly kind: 'dial'
  readonly port: number
  /** Taken in turn. */
  readonly paths: readonly string[]
  readonly count: number
  readonly atOnce: number
  /** Sent by each after its 101. */
  readonly hello?: string
}

export type Order =
  | Dial
  /** Told `done` when every connection has seen these characters. */
  | { readonly kind: 'await'; readonly marker: string }
  /** From now on the stamps of messages are read. */
  | { readonly kind: 'time' }
  | { readonly kind: 'delays' }
  /** From now on each connection is read only once a second, or again as it comes. */
  | { readonly kind: 'gulp'; readonly isOn: boolean }
  | { readonly kind: 'end' }

export type Answer =
  | { readonly kind: 'dialled'; readonly ms: number; readonly refused: number }
  | { readonly kind: 'awaiting' }
  | { readonly kind: 'done' }
  | { readonly kind: 'delays'; readonly delays: readonly number[] }
  | { readonly kind: 'ended'; readonly lost: number }

export interface Load extends Disposable {
  /** Opens connections; answers how long it took. Throws if one was refused. */
  dial(order: Omit<Dial, 'kind'>): Promise<number>
  /** Resolves to a promise of the moment when every connection has seen the marker. */
  awaitMarker(marker: string): Promise<{ readonly done: Promise<void> }>
  /** Whether each connection is read once a second only: then reading takes little of the machine. */
  gulp(isOn: boolean): Promise<void>
  /** The delays of what arrives during the work. */
  timed(work: () => Promise<unknown>): Promise<readonly number[]>
  end(): Promise<void>
}

export const startLoad = (): Load => {
  const child = fork(new URL('load.ts', import.meta.url))
  const answer = async (): Promise<Answer> => {
    const [message] = (await once(child, 'message')) as [Answer]
    return message
  }
  const ask = (order: Order): Promise<Answer> => {
    const answered = answer()
    child.send(order)
    return answered
  }
  return {
    dial: async (order) => {
      const dialled = await ask({ kind: 'dial', ...order })
      if (dialled.kind !== 'dialled') throw new Error(`the load said ${dialled.kind}`)
      if (dialled.refused > 0) throw new Error(`${dialled.refused} connections were refused`)
      return dialled.ms
    },
    awaitMarker: async (marker) => {
      await ask({ kind: 'await', marker })
      return { done: answer().then(() => undefined) }
    },
    gulp: async (isOn) => {
      await ask({ kind: 'gulp', isOn })
    },
    timed: async (work) => {
      await ask({ kind: 'time' })
      await work()
      const told = await ask({ kind: 'delays' })
      return told.kind === 'delays' ? told.delays : []
    },
    end: async () => {
      const told = await ask({ kind: 'end' })
      if (told.kind === 'ended' && told.lost > 0) throw new Error(`${told.lost} connections were lost`)
    },
    [Symbol.dispose]: () => child.disconnect(),
  }
}

/** What a process has worked so far, in microseconds (Linux; in steps of 10 ms). */
export const workedMicros = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** The memory of a process now, in bytes (Linux). */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
