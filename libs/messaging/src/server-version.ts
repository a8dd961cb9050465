// What a server of a given version can be trusted with.

type Version = readonly [number, number, number]

/** `discard: new` counts the whole record only since this one (nats-io/nats-server issue 4771). */
export const FIRST_WITH_EXACT_DISCARD: Version = [2, 10, 5]

/**
 * Before 2.9.21 two writes behind the same fence could both be stored in a replicated stream (issue 4320; seen on 2.9.10),
 * and before 2.10.5 a full stream lost messages: a cluster has to be at least this new.
 */
export const FIRST_SAFE_CLUSTER: Version = [2, 10, 5]

/** Whether a version, as a server names itself, is this one or a later one. */
export function isAtLeast(version: string, least: Version): boolean {
  const parts = (/(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)
  const differing = least.findIndex((part, index) => part !== parts[index])
  return parts.length > 0 && (differing === -1 || (parts[differing] ?? 0) > (least[differing] ?? 0))
}
