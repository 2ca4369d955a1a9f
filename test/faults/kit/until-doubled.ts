import { sleep } from '@safesync/core';
import type { FaultWorld } from './fault-world.js';

/** Aborts when something was done twice: a control need not go on when it has gone wrong. */
export async function untilDoubled(world: FaultWorld, enough: AbortController): Promise<void> {
  for (; !enough.signal.aborted; await sleep(200, enough.signal)) {
    // where statements are killed, this one may be
    if (await world.hasDoubled().catch(() => false)) enough.abort();
  }
}
