import type { Redis } from 'ioredis';

/** How far a consumer group is. */
export interface GroupState {
  readonly group: string;
  /** Delivered and not acknowledged. */
  readonly pending: number;
  /** Not delivered yet; where the server does not know how many, counted up to 1 000. */
  readonly unread: number;
  readonly consumers: number;
}

const MOST_COUNTED = 1_000;

/** The groups of a stream as Redis tells, past every library. Rejects for a stream that does not exist. */
export async function readGroupStates(redis: Redis, stream: string): Promise<GroupState[]> {
  const [info, groups] = await Promise.all([redis.xinfo('STREAM', stream), redis.xinfo('GROUPS', stream)]);
  const { 'last-generated-id': newest } = toRecord(info);
  return Promise.all(
    (groups as unknown[]).map(toRecord).map(async (group) => ({
      group: String(group.name),
      pending: Number(group.pending),
      unread: group['last-delivered-id'] === newest ? 0 : await unreadOf(redis, stream, group),
      consumers: Number(group.consumers),
    })),
  );
}

/** Servers before 7.0 know no lag, and newer ones lose it sometimes, as by a restart. */
async function unreadOf(redis: Redis, stream: string, group: Record<string, unknown>): Promise<number> {
  if (typeof group.lag === 'number') return Math.max(1, group.lag);
  return (await redis.xrange(stream, `(${String(group['last-delivered-id'])}`, '+', 'COUNT', MOST_COUNTED)).length;
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
