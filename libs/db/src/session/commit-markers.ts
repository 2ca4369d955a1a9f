import { randomBytes } from 'node:crypto';
import { equalJitter, sleep, withDeadline } from '@safesync/core';
import { type CommitOutcomeUnknownError, ConnectionLostError, DuplicateKeyError } from '../db.errors.js';
import { killConnection } from './connection-killer.js';
import type { ConnectionSource } from './connection-source.js';
import { orSchemaMissing } from './driver-error.js';
import type { SessionConnection } from './session-connection.js';
import { outOfScope } from './session-scope.js';
import type { SessionTransaction } from './session-transaction.js';

/** See the migration that creates it. */
const COMMIT_TABLE = 'safesync_commit';

/** A row by which one transaction is recognised when the answer to its COMMIT was lost. */
export interface CommitMarker {
  /** The statement that leaves it, the last of the transaction. */
  readonly write: string;
  /** Leaves it in the place of a transaction that will never be committed. */
  readonly exclude: string;
  /** `committed` is 1 or 0. */
  readonly read: string;
}

/** How long a decision may take; then the outcome stays unknown. */
const DECIDE_MS = 30_000;
const BACKOFF = { baseMs: 20, maxMs: 1_000 };

/** Markers may be deleted when they are this old: every decision is long over. */
const KEPT_HOURS = 24;
/** On average, by chance: processes that end before they have written as many do their part too. */
const PURGE_EVERY = 1_000;
/** Twice what is written in the meantime, so that a backlog shrinks; small enough to hold nobody up. */
const PURGE_ROWS = 2 * PURGE_EVERY;

/** The markers of one DataSource: leaves them, finds them, and deletes them when they are old. */
export class CommitMarkers {
  constructor(
    private readonly source: ConnectionSource,
    private readonly onPurgeError: (error: unknown) => void,
  ) {}

  create(): CommitMarker {
    const id = `X'${randomBytes(16).toString('hex')}'`;
    return {
      write: `INSERT INTO ${COMMIT_TABLE} (id) VALUES (${id})`,
      exclude: `INSERT INTO ${COMMIT_TABLE} (id, committed) VALUES (${id}, FALSE)`,
      read: `SELECT committed FROM ${COMMIT_TABLE} WHERE id = ${id}`,
    };
  }

  /** Throws `SchemaMissingError` where nobody has run the migrations. */
  async write(marker: CommitMarker, transaction: SessionTransaction): Promise<void> {
    try {
      await transaction.control(marker.write);
    } catch (error) {
      throw orSchemaMissing(error, COMMIT_TABLE);
    }
    if (Math.random() * PURGE_EVERY < 1) void outOfScope(() => this.purge());
  }

  /**
   * What became of the transaction that wrote `marker`, its connection now lost; throws `failure` when that cannot be found out
   * in time.
   *
   * The question is a write: a marker of the same id, in a transaction of its own. A duplicate says "committed", unless it is of an
   * earlier question whose answer was lost. If it can be written, the
   * other is gone for good, a COMMIT still on its way included: it could not write its own any more. As long as that transaction
   * is open the server makes the question wait; so that it is not open for ever because nobody tells the server that its client is
   * gone, its connection is killed first. A replica, which may not know yet, takes no writes and so gives no answer.
   */
  async outcomeOf(
    marker: CommitMarker,
    lost: SessionConnection,
    failure: CommitOutcomeUnknownError,
  ): Promise<'committed' | 'rolled_back'> {
    lost.destroy(failure);
    const endsAt = performance.now() + DECIDE_MS;
    for (let attempt = 1; performance.now() < endsAt; attempt += 1) {
      try {
        return (await ask(this.source, marker, lost, endsAt - performance.now())) ? 'committed' : 'rolled_back';
      } catch {
        // the server is away, or still busy with that transaction
        await sleep(equalJitter(BACKOFF, attempt));
      }
    }
    throw failure;
  }

  private async purge(): Promise<void> {
    try {
      const connection = await this.source.acquire();
      try {
        await connection.leaveTransaction();
        await connection.query(
          `DELETE FROM ${COMMIT_TABLE} WHERE committed_at < UTC_TIMESTAMP(6) - INTERVAL ${KEPT_HOURS} HOUR ` +
            `ORDER BY committed_at LIMIT ${PURGE_ROWS}`,
        );
      } finally {
        this.source.giveBack(connection);
      }
    } catch (error) {
      this.onPurgeError(error);
    }
  }
}

/** The error of a transaction that turned out not to be committed: it may be done again. */
export function rolledBackAtCommit(failure: CommitOutcomeUnknownError): ConnectionLostError {
  const what = 'The connection was lost at COMMIT, and the transaction was rolled back.';
  return new ConnectionLostError(what, { cause: failure.cause });
}

async function ask(
  source: ConnectionSource,
  marker: CommitMarker,
  lost: SessionConnection,
  limitMs: number,
): Promise<boolean> {
  const endsAt = performance.now() + limitMs;
  const connection = await source.acquire(limitMs);
  const asking = async (): Promise<boolean> => {
    await connection.leaveTransaction();
    await endOther(connection, lost);
    return !(await isExcluded(connection, marker));
  };
  try {
    return await withDeadline(asking(), endsAt - performance.now(), () => new ConnectionLostError());
  } finally {
    // one that has not answered is not used again
    source.giveBack(connection);
  }
}

async function endOther(connection: SessionConnection, lost: SessionConnection): Promise<void> {
  try {
    await killConnection(connection, lost);
  } catch (error) {
    // it has ended by itself; if this connection is the one that broke, the next statement says so
    if (connection.lost !== undefined) throw error;
  }
}

/** Excludes the transaction from being committed; false: it is committed already. */
async function isExcluded(connection: SessionConnection, marker: CommitMarker): Promise<boolean> {
  try {
    await connection.query(marker.exclude);
    return true;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
  }
  const reply = await connection.query(marker.read);
  const row = 'rows' in reply ? reply.rows[0] : undefined;
  if (row === undefined) throw new ConnectionLostError('The marker of a transaction cannot be read.');
  return Number(row.committed) === 0;
}
