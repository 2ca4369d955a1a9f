import { OptionFaults } from '@safesync/core';
import { listOf } from '../sql/arguments.js';

/** How a row is locked. */
export interface RowLockOptions {
  /** `update` excludes other lockers of any kind, `share` only those that want to change the row. Default `update`. */
  readonly mode?: 'update' | 'share';
  /**
   * What to do about a row that another session has locked: `wait` for it (default), fail at once with
   * `LockNotAvailableError` (`nowait`), or act as if it did not exist (`skipLocked`).
   */
  readonly wait?: 'wait' | 'nowait' | 'skipLocked';
  /**
   * Longest wait for each row in ms, rounded up to whole seconds; 0 means `nowait`. Only with `wait: 'wait'`. Default: the
   * session's `lockWaitMs`. Below `statementTimeoutMs`, which ends the wait otherwise.
   */
  readonly timeoutMs?: number;
  /** Columns to return. Default: all. */
  readonly columns?: readonly string[];
}

/** Row lock options with every default filled in. */
export interface ResolvedRowLockOptions {
  readonly mode: 'update' | 'share';
  readonly wait: 'wait' | 'nowait' | 'skipLocked';
  readonly timeoutMs: number | undefined;
  readonly columns: readonly string[] | undefined;
}

const MODES: readonly string[] = ['update', 'share'];
const WAITS: readonly string[] = ['wait', 'nowait', 'skipLocked'];

export function resolveRowLockOptions(options: RowLockOptions): ResolvedRowLockOptions {
  const { mode = 'update', wait = 'wait', timeoutMs } = options;
  const columns = options.columns === undefined ? undefined : listOf('columns', options.columns);
  const faults = new OptionFaults('Row lock options')
    .require(MODES.includes(mode), `mode must be one of ${MODES.join(', ')}`)
    .require(WAITS.includes(wait), `wait must be one of ${WAITS.join(', ')}`)
    .require(columns === undefined || columns.length > 0, 'columns must name at least one column')
    .require(timeoutMs === undefined || wait === 'wait', "timeoutMs has no meaning but with wait: 'wait'");
  if (timeoutMs !== undefined) faults.integer('timeoutMs', timeoutMs, 0);
  faults.throwIfAny();
  return timeoutMs === 0 ? { mode, wait: 'nowait', timeoutMs: undefined, columns } : { mode, wait, timeoutMs, columns };
}
