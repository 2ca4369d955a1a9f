import type { Redis } from 'ioredis';

/** How far a consumer group is. */
export interface GroupState {
  readonly group: string;
  /** Delivered and not acknowledged. */
  readonly pending: number;
  /** Not delivered yet. At least 1 when the server does not know how many. */
  readonly unread: number;
  readonly consumers: number;
}

/** The groups of a stream as Redis tells, past every library. Rejects for a stream that does not exist. */
export async function readGroupStates(redis: Redis, stream: string): Promise<GroupState[]> {
  const [info, groups] = await Promise.all([redis.xinfo('STREAM', stream), redis.xinfo('GROUPS', stream)]);
  const { 'last-generated-id': newest } = toRecord(info);
  return (groups as unknown[]).map(toRecord).map((group) => ({
    group: String(group.name),
    pending: Number(group.pending),
    // servers before 7.0 know no lag, and newer ones lose it sometimes; one is then as good as any number above 0
    unread: group['last-delivered-id'] === newest ? 0 : Math.max(1, Number(group.lag ?? 1)),
    consumers: Number(group.consumers),
  }));
}

/** Messages that the groups of a stream have not read, or have read and not acknowledged. */
export async function countUnfinished(redis: Redis, stream: string): Promise<number> {
  const groups = await readGroupStates(redis, stream);
  return groups.reduce((sum, { pending, unread }) => sum + pending + unread, 0);
}

function toRecord(reply: unknown): Record<string, unknown> {
  const flat = reply as unknown[];
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1]]));
}
