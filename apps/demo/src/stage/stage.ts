import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManagedServer, Servers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { createPool, type Pool } from 'mysql2/promise';
import { createDatabase, dropDatabase } from './database.js';
import { DATA, startKeptServers } from './kept-servers.js';
import type { UndoStack } from './undo-stack.js';

/** The place where one run happens; nothing of it is shared with another run, and nothing is left of it. */
export interface Stage {
  /** What the ledger's processes need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Put before every stream name. */
  readonly prefix: string;
  /** Folder of the processes' logs; kept when the run fails. */
  readonly logs: string;
  /** An outsider's connections, past the library. */
  readonly pool: Pool;
  readonly redis: Redis;
  /** The servers that were started here; undefined for one that the environment gave. */
  readonly servers: { readonly mysql: ManagedServer | undefined; readonly redis: ManagedServer | undefined };
}

/** Starts or finds the servers, makes a database and names for this run; `undo` learns how to put all of it away. */
export async function openStage(undo: UndoStack, say: (text: string) => void): Promise<Stage> {
  const run = randomBytes(4).toString('hex');
  const dataDir = join(DATA, 'demo');
  const logs = join(dataDir, `logs-${run}`);
  await mkdir(logs, { recursive: true });
  const servers = await startKeptServers({ dataDir, fresh: true, undo, say });
  const prefix = `demo-${run}:`;
  const database = `ledger_demo_${run}`;
  const mysqlUrl = await createDatabase(servers.mysqlUrl, database);
  // private servers take all of it with them
  if (!servers.mysql) undo.push(() => dropDatabase(servers.mysqlUrl, database));
  return {
    env: { MYSQL_URL: mysqlUrl, REDIS_URL: servers.redisUrl, LEDGER_PREFIX: prefix },
    prefix,
    logs,
    pool: openPool(mysqlUrl, undo),
    redis: openRedis(servers, prefix, undo),
    servers: { mysql: servers.mysql, redis: servers.redis },
  };
}

/** The logs of a run that went well say nothing that anyone wants to read. */
export async function discardLogs(stage: Stage): Promise<void> {
  await rm(stage.logs, { recursive: true, force: true });
}

function openPool(uri: string, undo: UndoStack): Pool {
  const pool = createPool({ uri, connectionLimit: 2, supportBigNumbers: true, bigNumberStrings: true });
  undo.push(() => pool.end());
  return pool;
}

function openRedis({ redisUrl, redis: own }: Servers, prefix: string, undo: UndoStack): Redis {
  const redis = new Redis(redisUrl, { protocol: 2, commandTimeout: 2_000, maxRetriesPerRequest: null });
  // each command that fails says so itself
  redis.on('error', () => undefined);
  undo.push(() => redis.disconnect());
  if (!own) undo.push(() => deleteKeys(redis, prefix));
  return redis;
}

async function deleteKeys(redis: Redis, prefix: string): Promise<void> {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
}
