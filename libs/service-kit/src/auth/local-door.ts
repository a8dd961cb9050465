// Local mode trusts this machine's user, so its door opens to nobody else: no page of another origin, no name that was
// rebound to 127.0.0.1, no proxy.
import type { IncomingHttpHeaders } from 'node:http'

export type LocalDoorRefusal = 'bad_host' | 'bad_origin' | 'cross_site' | 'forwarded'

const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Why a request may not pass the door of local mode; undefined if it may. */
export function checkLocalDoor(
  headers: IncomingHttpHeaders,
  ports: readonly number[],
): LocalDoorRefusal | undefined {
  if (!isOurHost(headers.host, ports)) return 'bad_host'
  if (headers.origin !== undefined && !isLoopbackOrigin(headers.origin)) return 'bad_origin'
  if (headers['sec-fetch-site'] === 'cross-site') return 'cross_site'
  const isForwarded = Object.keys(headers).some(
    (name) => name.startsWith('x-forwarded-') || name === 'forwarded',
  )
  return isForwarded ? 'forwarded' : undefined
}

/** A Host without a port is port 80. */
function isOurHost(host: string | undefined, ports: readonly number[]): boolean {
  const [, name = '', port = '80'] =
    /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host?.toLowerCase() ?? '') ?? []
  return loopbackNames.includes(name) && ports.includes(Number(port))
}

function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, hostname } = new URL(origin)
  return (protocol === 'http:' || protocol === 'https:') && loopbackNames.includes(hostname)
}
