import { Injectable } from '@nestjs/common';
import type { DbSession } from '../session/db-session.js';
import { DbSessions } from '../session/db-sessions.js';
import { type OccAttempt, type OccRetryOptions, occRetry } from './optimistic-retry.js';
import { type OptimisticUpdate, occUpdate, occUpdateOrThrow } from './optimistic-update.js';

/**
 * Changes of rows that many read and few change: no lock while deciding; a version column tells whether somebody else was
 * faster. Where conflicts are the rule, a row lock is cheaper.
 */
@Injectable()
export class OptimisticUpdates {
  constructor(private readonly sessions: DbSessions) {}

  /** 1, or 0 on a conflict or a missing row; see `occUpdate`. */
  update(session: DbSession, change: OptimisticUpdate): Promise<number> {
    return occUpdate(session, change);
  }

  /** The new version; throws `OccConflictError` or `MissingRowError`. */
  updateOrThrow(session: DbSession, change: OptimisticUpdate): Promise<bigint> {
    return occUpdateOrThrow(session, change);
  }

  /** Reads, decides and updates in new sessions until it fits; see `occRetry`. */
  retry<T>(attempt: OccAttempt<T>, options?: OccRetryOptions): Promise<T> {
    return occRetry(this.sessions, attempt, options);
  }
}
