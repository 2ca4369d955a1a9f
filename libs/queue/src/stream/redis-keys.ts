/** The keys beside a stream. All share its hash slot when its name has a hash tag. */

/** Where messages go that were given up. */
export function deadLetterStream(stream: string): string {
  return `${stream}:dead`;
}

/** A sorted set: until when each consumer of the group counts as alive. */
export function livenessRows(stream: string, group: string): string {
  return `${stream}:alive:${group}`;
}

/** A string with a time to live: the consumer of an ordered group that is active. */
export function activeRow(stream: string, group: string): string {
  return `${stream}:active:${group}`;
}

/** A hash: the keys of an ordered group that are blocked, and why. */
export function blockedKeysOf(stream: string, group: string): string {
  return `${stream}:blocked:${group}`;
}

/** A hash: the keys that somebody wants to be unblocked, and how. */
export function unblockRequests(stream: string, group: string): string {
  return `${stream}:unblock:${group}`;
}

/** A hash: the groups of the stream that are paused, and since when. */
export function pausedGroups(stream: string): string {
  return `${stream}:paused`;
}

/** The permits of a group with a rate limit. */
export function permitBucket(stream: string, group: string): string {
  return `${stream}:rate:${group}`;
}
