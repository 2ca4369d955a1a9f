import { deferred } from './held-session.js';

/** `count` flows of code that wait for each other. */
export function barrier(count: number): () => Promise<void> {
  const all = deferred<void>();
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived === count) all.resolve();
    return all.promise;
  };
}
