import { UnexpectedReplyError } from '../queue.errors.js';
import type { RedisConnection } from './redis-connection.js';
import { CANCEL_DELAYED_SCRIPT } from './scripts/cancel-delayed.script.js';
import { MOVE_DELAYED_SCRIPT } from './scripts/move-delayed.script.js';
import { expectArray } from './stream-entry.js';

/** What a mover found: how many messages were due, and in how many ms the next one is (undefined: none waits). */
export interface MovedDelayed {
  readonly moved: number;
  readonly nextInMs: number | undefined;
}

/** Ids by due time: same hash slot as the stream when the name has a hash tag. */
export function delayedKey(stream: string): string {
  return `${stream}:delayed`;
}

/** Data by id. */
export function delayedDataKey(stream: string): string {
  return `${stream}:delayed:data`;
}

/** Appends at most `limit` messages that are due; each is appended and removed in one step, however many movers there are. */
export async function moveDelayed(connection: RedisConnection, stream: string, limit: number): Promise<MovedDelayed> {
  const keys = [stream, delayedKey(stream), delayedDataKey(stream)];
  return connection.parse(await connection.script(MOVE_DELAYED_SCRIPT, keys, [limit]), parseMoved);
}

/** True when the message was still waiting; it will not be appended then. */
export async function cancelDelayed(
  connection: RedisConnection,
  stream: string,
  id: string,
  timeoutMs?: number,
): Promise<boolean> {
  const keys = [delayedKey(stream), delayedDataKey(stream)];
  return (await connection.script(CANCEL_DELAYED_SCRIPT, keys, [id], timeoutMs)) === 1;
}

function parseMoved(reply: unknown): MovedDelayed {
  const [moved, nextInMs] = expectArray(reply, 'EVALSHA', 'what was moved');
  if (typeof moved !== 'number' || typeof nextInMs !== 'number') throw new UnexpectedReplyError('EVALSHA', 'numbers');
  return { moved, nextInMs: nextInMs < 0 ? undefined : nextInMs };
}
