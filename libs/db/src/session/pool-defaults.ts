import { OptionFaults } from '@safesync/core';
import type { ConnectionSettings } from '../dialect/sql-dialect.js';

const claims = new WeakMap<object, ConnectionSettings>();

/**
 * Notes what the connections of this pool carry. One set of connections has one set of defaults: a second opener with others
 * would change them under the first, so it is refused. Returns what takes the note back, for an opening that failed.
 */
export function claimDefaults(pool: object, { isolation, lockWaitMs }: ConnectionSettings): () => void {
  const known = claims.get(pool);
  if (known === undefined) {
    claims.set(pool, { isolation, lockWaitMs });
    return () => void claims.delete(pool);
  }
  new OptionFaults('DbSessions')
    .require(
      known.isolation === isolation && known.lockWaitMs === lockWaitMs,
      `the DataSource has sessions with other defaults already (${known.isolation}, lockWaitMs ${known.lockWaitMs}): ` +
        'give both the same defaults, or each a DataSource of its own',
    )
    .throwIfAny();
  return () => undefined;
}
