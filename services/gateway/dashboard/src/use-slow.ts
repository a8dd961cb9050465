// A value that changes often, told at most once in a while: for what is asked of the server again when it changes.
import { useEffect, useRef, useState } from 'preact/hooks'

export const useSlow = <Value>(value: Value, everyMs: number): Value => {
  const [told, setTold] = useState(value)
  const latest = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  latest.current = value
  useEffect(() => {
    if (value === told || timer.current !== undefined) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      setTold(latest.current)
    }, everyMs)
  }, [value, told, everyMs])
  useEffect(() => () => clearTimeout(timer.current), [])
  return told
}
