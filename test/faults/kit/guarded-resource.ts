import type { INestApplicationContext } from '@nestjs/common';
import { AdvisoryLocks, type DbSession, DbSessions, LeaseLocks } from '@safesync/db';
import type { TestDatabase } from '../../support/mysql.js';

const LOCK = 'resource';
/** For the lock, on a machine that has much to do. */
const PATIENCE_MS = 60_000;
/** Each holder writes as often, if it may. */
export const WRITES = 2;

/**
 * What keeps writes of a holder that has lost its lock away. `fence`: the resource knows the greatest token it has seen, whoever writes to
 * it. `session`: the writes are in the session of the lease; `advisory`: in that of a lock of the server. `none`: nothing does.
 */
export type Guard = 'fence' | 'session' | 'advisory' | 'none';

/** What a process is told that is to hold the lock and to write. */
export interface LockSettings {
  readonly databaseUrl: string;
  /** 1 and up, in the order in which they are to hold it. */
  readonly holder: number;
  readonly guard: Guard;
  /** How long its lease lasts without being renewed, in ms. */
  readonly ttlMs: number;
  /** Where it stops by SIGSTOP. */
  readonly pause?: PausePoint;
}

/** Before the `nth` write, or before the COMMIT after it. */
export interface PausePoint {
  readonly before: 'write' | 'COMMIT';
  readonly nth: number;
}

/** What it tells. */
export type LockReport =
  | { readonly atPoint: true }
  /** About to ask for the lock. */
  | { readonly asks: true }
  | { readonly holds: true }
  /** `ok`, or the code of the error. */
  | { readonly ended: string };

export async function createResource({ pool }: TestDatabase): Promise<void> {
  await pool.query('CREATE TABLE resource (id INT PRIMARY KEY, fence BIGINT NOT NULL)');
  await pool.query('INSERT INTO resource VALUES (1, 0)');
  await pool.query(
    'CREATE TABLE accepted (id BIGINT AUTO_INCREMENT PRIMARY KEY, holder INT NOT NULL, token BIGINT NOT NULL)',
  );
}

interface Accepted {
  readonly holder: number;
  readonly token: string;
}

/** What the resource has accepted, in its order. */
export function acceptedWrites(database: TestDatabase): Promise<Accepted[]> {
  return database.rows('SELECT holder, token FROM accepted ORDER BY id');
}

/** Writes that came when somebody with a later token had written: the intervals of two holders overlap. */
export function overlaps(writes: readonly Accepted[]): number {
  let latest = 0n;
  let stale = 0;
  for (const { token } of writes) {
    if (BigInt(token) < latest) stale += 1;
    else latest = BigInt(token);
  }
  return stale;
}

/** Names of such locks are of the whole server. */
export function advisoryLockOf(databaseUrl: string): string {
  return new URL(databaseUrl).pathname.slice(1);
}

/** Takes the lock, tells so, and writes. */
export function holdAndWrite(
  app: INestApplicationContext,
  { databaseUrl, guard, holder, ttlMs }: LockSettings,
  tell: (report: LockReport) => void,
): Promise<void> {
  const [sessions, leases, locks] = [app.get(DbSessions), app.get(LeaseLocks), app.get(AdvisoryLocks)];
  const write = async (session: DbSession, token: string): Promise<void> => {
    const only = guard === 'fence' ? ' AND fence <= :token' : '';
    const count = await session.execute(`UPDATE resource SET fence = :token WHERE id = 1${only}`, { token });
    // the token may be there already
    if (count > 0 || guard !== 'fence')
      await session.execute('INSERT INTO accepted (holder, token) VALUES (:holder, :token)', { holder, token });
  };
  const writeAll = async (session: DbSession | undefined, token: string): Promise<void> => {
    tell({ holds: true });
    for (let n = 0; n < WRITES; n += 1) {
      if (session) await write(session, token);
      else await sessions.run((own) => write(own, token), { independent: true });
    }
  };
  tell({ asks: true });
  if (guard === 'advisory')
    return locks.run(advisoryLockOf(databaseUrl), { rawKey: true, timeoutMs: PATIENCE_MS }, (session) =>
      writeAll(session, String(holder)),
    );
  return leases.run(LOCK, { ttlMs, timeoutMs: PATIENCE_MS }, (session, { token }) =>
    writeAll(guard === 'session' ? session : undefined, token),
  );
}
