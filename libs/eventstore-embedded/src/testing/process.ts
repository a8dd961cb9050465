import { readFileSync } from 'node:fs'

/** What the main thread of a process has worked so far; unlike the clock it does not count what other processes take. */
export const workedMs = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6

/** The memory that a process holds now, or the most that it has held. */
export function memoryMegabytes(pid: number, when: 'now' | 'peak'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const line = when === 'now' ? /VmRSS:\s+(\d+)/ : /VmHWM:\s+(\d+)/
  return Number(line.exec(status)?.[1]) / 1024
}
