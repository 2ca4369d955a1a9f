import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerBinary, ServerCommand, ServerKind, ServerPlace } from '../server-kind.js';
import { redisKind } from './redis.kind.js';

/** The name under which a client asks the Sentinel for the primary. */
export const PRIMARY_NAME = 'primary';

/** A Sentinel that decides alone about the server on `primaryPort`, and hardly by itself: a busy machine is no dead server. */
export function sentinelKind(primaryPort: number): ServerKind {
  const prepare = async (binary: ServerBinary, place: ServerPlace): Promise<ServerCommand> => {
    await mkdir(place.dataFolder, { recursive: true });
    const file = join(place.dataFolder, 'sentinel.conf');
    // the Sentinel keeps what it learns in this file, so a restart must not begin a new one
    await writeFile(file, settings(place, primaryPort), { flag: 'wx' }).catch(unlessThere);
    return { command: binary.path, args: [file, '--sentinel'] };
  };
  return { ...redisKind, prepare };
}

function settings({ port, dataFolder }: ServerPlace, primaryPort: number): string {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir "${dataFolder}"`,
    `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primaryPort} 1`,
    `sentinel down-after-milliseconds ${PRIMARY_NAME} 60000`,
    `sentinel failover-timeout ${PRIMARY_NAME} 5000`,
    '',
  ].join('\n');
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
