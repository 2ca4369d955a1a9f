import type { Lendings } from './lendings.js';
import type { SessionScope } from './session-scope.js';
import type { SpareConnections } from './spare-connections.js';

/** One wait of a flow that holds other connections of the pool; a flow may have several. */
export interface Demand {
  readonly scope: SessionScope;
}

/** What all who have opened sessions on one pool must know of each other. */
export interface PoolShare {
  readonly lendings: Set<Lendings>;
  readonly spares: Set<SpareConnections>;
  readonly demands: Set<Demand>;
}

const shares = new WeakMap<object, PoolShare>();

export function shareOf(pool: object): PoolShare {
  const known = shares.get(pool) ?? { lendings: new Set(), spares: new Set(), demands: new Set() };
  shares.set(pool, known);
  return known;
}
