import { randomBytes } from 'node:crypto';
import type { DbSession } from '../session/db-session.js';
import type { DbSessions } from '../session/db-sessions.js';
import { orSchemaMissing } from '../session/driver-error.js';
import type { SessionConnection } from '../session/session-connection.js';
import { runWithRetry } from '../session/session-retry.js';
import { statementOf } from '../sql/statement-parser.js';

const TABLE = 'safesync_lease';

/** A lease as its holder knows it. */
export interface LeaseGrant {
  readonly name: string;
  readonly holder: Buffer;
  /** Higher than every token given out for this name before. */
  readonly token: string;
  readonly ttlMs: number;
}

/** The SQL of leases. All times are those of the database's clock. */
export class LeaseStore {
  constructor(private readonly sessions: DbSessions) {}

  /** The lease, if nobody has it; else undefined. Throws `SchemaMissingError` where nobody has run the migrations. */
  async tryAcquire(name: string, ttlMs: number): Promise<LeaseGrant | undefined> {
    const holder = randomBytes(16);
    const row = { name: Buffer.from(name), holder, ttl: ttlMs * 1_000 };
    try {
      // by itself, not part of a session around it: it may be repeated there too
      const token = await runWithRetry((_attempt, options) =>
        this.sessions.run((session) => take(session, row), { ...options, independent: true }),
      );
      return token === undefined ? undefined : { name, holder, token, ttlMs };
    } catch (error) {
      throw orSchemaMissing(error, TABLE);
    }
  }

  /** False: the lease has expired, and perhaps somebody else has it. */
  async renew(grant: LeaseGrant): Promise<boolean> {
    const renewed = await this.sessions.run(
      (session) =>
        session.execute(`UPDATE ${TABLE} SET expires_at = UTC_TIMESTAMP(6) + INTERVAL :ttl MICROSECOND WHERE ${HELD}`, {
          ...keyOf(grant),
          ttl: grant.ttlMs * 1_000,
        }),
      { independent: true },
    );
    return renewed === 1;
  }

  /**
   * False when the lease is not held any more; if it is, nobody can take it before the session has ended. A change of the row, not
   * a lock on it: nodes that replicate to each other see changes, and let one of two commit.
   */
  async hold(session: DbSession, grant: LeaseGrant): Promise<boolean> {
    const sql = `UPDATE ${TABLE} SET expires_at = expires_at + INTERVAL 1 MICROSECOND WHERE ${HELD}`;
    return (await session.execute(sql, keyOf(grant))) === 1;
  }

  async release(grant: LeaseGrant): Promise<void> {
    await this.sessions.run((session) => session.execute(`${RELEASE} WHERE ${HELD}`, keyOf(grant)), {
      independent: true,
    });
  }

  /** As `release`, on a connection whose transaction has ended. */
  async releaseOn(connection: SessionConnection, grant: LeaseGrant): Promise<void> {
    await connection.leaveTransaction();
    await connection.query(statementOf(`${RELEASE} WHERE ${HELD}`).bind(keyOf(grant)));
  }
}

const HELD = 'name = :name AND holder = :holder AND token = :token AND expires_at > UTC_TIMESTAMP(6)';
const RELEASE = `UPDATE ${TABLE} SET expires_at = UTC_TIMESTAMP(6)`;

function keyOf({ name, holder, token }: LeaseGrant): { name: Buffer; holder: Buffer; token: bigint } {
  return { name: Buffer.from(name), holder, token: BigInt(token) };
}

/** The new token, or undefined while somebody holds the lease. */
async function take(
  session: DbSession,
  row: { readonly name: Buffer; readonly holder: Buffer; readonly ttl: number },
): Promise<string | undefined> {
  const free = await session.executeResult(
    `UPDATE ${TABLE} SET holder = :holder, token = LAST_INSERT_ID(token + 1), ` +
      'expires_at = UTC_TIMESTAMP(6) + INTERVAL :ttl MICROSECOND ' +
      'WHERE name = :name AND expires_at <= UTC_TIMESTAMP(6)',
    row,
  );
  if (free.affectedRows === 1) return free.insertId;
  const isNew = await session.execute(
    `INSERT IGNORE INTO ${TABLE} (name, holder, token, expires_at) ` +
      'VALUES (:name, :holder, 1, UTC_TIMESTAMP(6) + INTERVAL :ttl MICROSECOND)',
    row,
  );
  return isNew === 1 ? '1' : undefined;
}
