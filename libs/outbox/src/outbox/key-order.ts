import type { ClaimedRow, Predecessor } from './claimed-rows.js';

/** What of a claim may be published now. */
export interface PublishOrder {
  /** Rows to publish; of a chain none after one before it was refused. */
  readonly chains: readonly (readonly ClaimedRow[])[];
  /** Rows with a predecessor that is put off, and for how long, in ms. */
  readonly putOff: ReadonlyMap<bigint, number>;
  /** True when rows are left because a predecessor is on its way elsewhere: worth another look soon. */
  readonly isBehindOthers: boolean;
}

/**
 * Rows of one stream and key leave in the order of their ids, and none before a row that is not part of the claim. Rows without
 * a key are chains of their own.
 */
export function publishOrder(
  claimed: readonly ClaimedRow[],
  predecessors: ReadonlyMap<string, Predecessor>,
): PublishOrder {
  const chains = new Map<string | bigint, ClaimedRow[]>();
  const putOff = new Map<bigint, number>();
  let isBehindOthers = false;
  for (const row of claimed) {
    const before = row.orderKey === undefined ? undefined : predecessors.get(row.orderKey);
    if (before === undefined || row.id < before.id) append(chains, row);
    else if (before.waitMs > 0) putOff.set(row.id, before.waitMs);
    else isBehindOthers = true;
  }
  for (const chain of chains.values()) chain.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { chains: [...chains.values()], putOff, isBehindOthers };
}

function append(chains: Map<string | bigint, ClaimedRow[]>, row: ClaimedRow): void {
  const name = row.orderKey ?? row.id;
  const chain = chains.get(name);
  if (chain === undefined) chains.set(name, [row]);
  else chain.push(row);
}
