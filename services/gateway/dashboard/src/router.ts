// Which screen: the path of the address, and its changes without a new page.
import { useEffect, useState } from 'preact/hooks'

export type Step = 'message' | 'recipients' | 'number' | 'review'
export const steps: readonly Step[] = ['message', 'recipients', 'number', 'review']

export type Route =
  | { readonly screen: 'list' | 'reports' | 'numbers' }
  | { readonly screen: 'new' }
  | { readonly screen: 'campaign'; readonly id: number }
  | { readonly screen: 'step'; readonly id: number; readonly step: Step }
  | { readonly screen: 'unknown' }

export const routeOf = (path: string): Route => {
  if (path === '/' || path === '/campaigns') return { screen: 'list' }
  if (path === paths.new) return { screen: 'new' }
  if (path === paths.reports) return { screen: 'reports' }
  if (path === paths.numbers) return { screen: 'numbers' }
  const [, digits, stepText] = /^\/campaigns\/([1-9]\d{0,14})(?:\/([a-z]+))?$/.exec(path) ?? []
  if (digits === undefined) return { screen: 'unknown' }
  const id = Number(digits)
  if (stepText === undefined) return { screen: 'campaign', id }
  const step = steps.find((known) => known === stepText)
  return step === undefined ? { screen: 'unknown' } : { screen: 'step', id, step }
}

export const paths = {
  list: '/',
  new: '/campaigns/new',
  reports: '/reports',
  signedIn: '/signed-in',
  /** The list, with a way to bring this one back. */
  deleted: (id: number): string => `/?deleted=${id}`,
  numbers: '/numbers',
  campaign: (id: number): string => `/campaigns/${id}`,
  step: (id: number, step: Step): string => `/campaigns/${id}/${step}`,
}

/** The campaign that was just deleted, by the address of the list. */
export const deletedIn = (search: string): number | undefined => {
  const digits = new URLSearchParams(search).get('deleted') ?? ''
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined
}

const CHANGED = 'peyk:navigated'

/** `replace`: the way back does not lead here again. */
export const navigate = (path: string, how: 'push' | 'replace' = 'push'): void => {
  if (how === 'push') history.pushState(null, '', path)
  else history.replaceState(null, '', path)
  dispatchEvent(new Event(CHANGED))
  scrollTo(0, 0)
}

export const useRoute = (): Route => {
  const [path, setPath] = useState(location.pathname)
  useEffect(() => {
    const read = () => setPath(location.pathname)
    addEventListener('popstate', read)
    addEventListener(CHANGED, read)
    return () => {
      removeEventListener('popstate', read)
      removeEventListener(CHANGED, read)
    }
  }, [])
  return routeOf(path)
}
