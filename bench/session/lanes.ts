import { ACCOUNTS } from '../transfer/transfer.js';

/** The accounts that a lane changes, one session after the other. No other lane touches them: nobody waits, no update is lost. */
export function accountsOf(lane: number, concurrency: number, sessions: number): number[] {
  const share = Math.ceil((sessions - lane) / concurrency);
  const own = Math.floor(ACCOUNTS / concurrency);
  return Array.from({ length: Math.max(0, share) }, (_, turn) => 1 + lane + concurrency * (turn % own));
}

/** How many sessions of all lanes change each account. */
export function changesByAccount(concurrency: number, sessions: number): ReadonlyMap<number, number> {
  const changes = new Map<number, number>();
  for (let lane = 0; lane < concurrency; lane++) {
    for (const account of accountsOf(lane, concurrency, sessions)) {
      changes.set(account, (changes.get(account) ?? 0) + 1);
    }
  }
  return changes;
}
