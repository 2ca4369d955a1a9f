import type { WireMoment } from '@safesync/testing';
import { scriptPattern } from './script-pattern.js';
import type { PointSettings } from './worker-settings.js';

/** A place on the path of a message where a process may end or stand still. */
export interface PathPoint {
  readonly name: string;
  readonly driver: PointSettings['driver'];
  readonly when: WireMoment;
  readonly matching: string;
  /** Which of the commands it can be, from and to. */
  readonly nth: readonly [number, number];
  /** Entries that a dead consumer holds when the worker starts. */
  readonly dead?: number;
  /** Entries that have to become dead letters. */
  readonly bad?: number;
  readonly workMs?: number;
}

const mysql = (
  name: string,
  when: WireMoment,
  matching: string,
  nth: readonly [number, number],
  more: Partial<PathPoint> = {},
): PathPoint => ({ name, driver: 'mysql', when, matching, nth, ...more });
const redis = (name: string, when: WireMoment, script: string, more: Partial<PathPoint> = {}): PathPoint => ({
  name,
  driver: 'redis',
  when,
  matching: scriptPattern(script),
  nth: [1, 1],
  ...more,
});

/** A commit begins the next one: only handlers that are at work at the same time have each its own. */
const AT_ONCE = { workMs: 50 };
/** The first transactions are those of the boot, which looks for tables. */
const BEGIN = '^START TRANSACTION';
const COMMIT = '^COMMIT';

/** In the order of the path. */
export const PATH_POINTS: readonly PathPoint[] = [
  { name: 'after the fetch', driver: 'redis', when: 'after', matching: '^XREADGROUP .* >$', nth: [1, 2] },
  mysql('before BEGIN', 'before', BEGIN, [2, 4], AT_ONCE),
  mysql('after BEGIN', 'after', BEGIN, [2, 4], AT_ONCE),
  mysql('after the inbox insert', 'after', '^INSERT.*safesync_inbox', [1, 10]),
  mysql('in the handler', 'before', '^UPDATE account', [1, 10]),
  mysql('before COMMIT', 'before', COMMIT, [4, 10]),
  mysql('after COMMIT', 'after', COMMIT, [4, 10]),
  redis('before the acknowledgement', 'before', 'ack', { nth: [1, 2] }),
  redis('after the acknowledgement', 'after', 'ack', { nth: [1, 2] }),
  redis('before a claim', 'before', 'claim-stale', { dead: 6 }),
  redis('after a claim', 'after', 'claim-stale', { dead: 6 }),
  redis('before the liveness beat', 'before', 'claim-stale', { nth: [2, 3], workMs: 120 }),
  redis('after the liveness beat', 'after', 'claim-stale', { nth: [2, 3], workMs: 120 }),
  redis('before the dead letter', 'before', 'dead-letter', { nth: [1, 3], bad: 3 }),
  redis('after the dead letter', 'after', 'dead-letter', { nth: [1, 3], bad: 3 }),
];
