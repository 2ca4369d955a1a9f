import { GroupMissingError, RedisReplyError } from '../queue.errors.js';
import type { RedisConnection } from './redis-connection.js';
import { expectArray, parseText } from './stream-entry.js';

/** The pending entries of a group. */
export interface PendingSummary {
  readonly count: number;
  readonly oldestId: string | null;
  readonly newestId: string | null;
  readonly consumers: readonly { readonly name: string; readonly count: number }[];
}

export interface GroupInfo {
  /** Entries in the stream, acknowledged ones included. */
  readonly length: number;
  readonly consumers: number;
  readonly pending: number;
  readonly lastDeliveredId: string;
  /** Entries not delivered to the group yet; `null` when Redis does not know (never 0 for unknown). */
  readonly lag: number | null;
}

/** XGROUP CREATE ... MKSTREAM; true when created, false when it was there. */
export async function createGroup(
  connection: RedisConnection,
  stream: string,
  group: string,
  start: string,
): Promise<boolean> {
  try {
    await connection.command('xgroup', ['CREATE', stream, group, start, 'MKSTREAM']);
    return true;
  } catch (error) {
    if (error instanceof RedisReplyError && error.replyCode === 'BUSYGROUP') return false;
    throw error;
  }
}

export async function readPendingSummary(
  connection: RedisConnection,
  stream: string,
  group: string,
): Promise<PendingSummary> {
  const reply = await connection.command('xpending', [stream, group]);
  const [count, oldest, newest, consumers] = expectArray(reply, 'XPENDING', 'a summary');
  return {
    count: Number(count),
    oldestId: oldest === null ? null : parseText(oldest, 'XPENDING'),
    newestId: newest === null ? null : parseText(newest, 'XPENDING'),
    consumers: ((consumers ?? []) as [Buffer, Buffer][]).map(([name, pending]) => ({
      name: parseText(name, 'XPENDING'),
      count: Number(pending),
    })),
  };
}

/** Throws `GroupMissingError` when the stream has no such group. */
export async function readGroupInfo(connection: RedisConnection, stream: string, group: string): Promise<GroupInfo> {
  const [groups, length] = await Promise.all([
    connection.command('xinfo', ['GROUPS', stream]),
    connection.command('xlen', [stream]),
  ]);
  const rows = expectArray(groups, 'XINFO', 'a list of groups').map(parseRow);
  const row = rows.find((candidate) => String(candidate.get('name')) === group);
  if (!row) throw new GroupMissingError('XINFO', `no group "${group}" on stream "${stream}"`);
  const lag = row.get('lag');
  return {
    length: Number(length),
    consumers: Number(row.get('consumers')),
    pending: Number(row.get('pending')),
    lastDeliveredId: String(row.get('last-delivered-id')),
    lag: lag === null || lag === undefined ? null : Number(lag),
  };
}

function parseRow(reply: unknown): Map<string, unknown> {
  const flat = expectArray(reply, 'XINFO', 'a group');
  const row = new Map<string, unknown>();
  for (let i = 0; i + 1 < flat.length; i += 2) row.set(parseText(flat[i], 'XINFO'), flat[i + 1]);
  return row;
}
