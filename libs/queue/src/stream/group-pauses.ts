import type { RedisConnection } from './redis-connection.js';
import { pausedGroups } from './redis-keys.js';
import { readGroupInfo } from './stream-group.js';

/** Marks the group for all its consumers; when it was marked already, its time stays. Throws `GroupMissingError`. */
export async function pauseGroup(connection: RedisConnection, stream: string, group: string): Promise<void> {
  // a misspelt name would be a pause that nobody keeps
  await readGroupInfo(connection, stream, group);
  await connection.command('hsetnx', [pausedGroups(stream), group, new Date().toISOString()]);
}

/** Takes the mark off; true when there was one. */
export async function resumeGroup(connection: RedisConnection, stream: string, group: string): Promise<boolean> {
  return (await connection.command('hdel', [pausedGroups(stream), group])) === 1;
}

export async function isGroupPaused(connection: RedisConnection, stream: string, group: string): Promise<boolean> {
  return (await connection.command('hexists', [pausedGroups(stream), group])) === 1;
}
