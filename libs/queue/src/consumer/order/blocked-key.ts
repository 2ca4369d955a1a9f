import type { DeadLetterCause } from '../../delivery/delivery-policy.js';
import type { ErrorSummary } from '../../delivery/error-summary.js';

/** What stands in Redis about a blocked key. */
export interface KeyMark {
  /** The message that blocks it. */
  readonly entryId: string;
  /** Why it was given up: as in a dead letter. */
  readonly reason: string;
  readonly cause: DeadLetterCause;
  readonly error: ErrorSummary;
  /** How often Redis had delivered it. */
  readonly deliveries: number;
  /** ISO 8601, clock of the consumer. */
  readonly since: string;
}

/** A key whose messages wait for somebody to unblock it. */
export interface BlockedKey extends KeyMark {
  readonly key: string;
  /** Messages known to wait behind it; only where the active consumer is in this process. */
  readonly waiting?: number;
}

const UNREADABLE: KeyMark = {
  entryId: '0-0',
  reason: 'unreadable mark',
  cause: 'requested',
  error: { name: 'Error', message: 'the mark of the key is not readable' },
  deliveries: 0,
  since: new Date(0).toISOString(),
};

/** A mark that somebody damaged still blocks its key, and can be unblocked. */
export function readMark(text: string): KeyMark {
  try {
    const mark = JSON.parse(text) as Partial<KeyMark> | null;
    return typeof mark?.entryId === 'string' ? { ...UNREADABLE, ...mark } : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
