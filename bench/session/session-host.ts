import type { Host } from '../process/contender.js';
import { type Lap, Stopwatch } from '../process/stopwatch.js';
import { accountsOf } from './lanes.js';
import type { SessionModule, SessionSetup } from './session-contender.js';

/** This many sessions, in as many lanes as the setup says. */
export interface SessionOrder {
  readonly sessions: number;
}

export const host: Host<SessionModule, SessionSetup, SessionOrder, Lap> = async (contender, setup, onProgress) => {
  const session = await contender.open(setup);
  return async ({ sessions }) => {
    let done = 0;
    const run = async (lane: number): Promise<void> => {
      for (const account of accountsOf(lane, setup.concurrency, sessions)) {
        await session(account, lane);
        onProgress(++done);
      }
    };
    const watch = new Stopwatch();
    await Promise.all(Array.from({ length: setup.concurrency }, (_, lane) => run(lane)));
    return watch.lap();
  };
};
