import { Deferred } from '@safesync/core';
import type { DbSession } from '../session/db-session.js';

/** Runs work in a session: one that is open, or a new one. */
export type InSession = <T>(work: (session: DbSession) => Promise<T>) => Promise<T>;

/** Keeps a session open for the time of a loop over what `read` returns. What the loop does is not part of the session. */
export async function* whileInSession<R>(
  inSession: InSession,
  read: (session: DbSession) => Promise<AsyncGenerator<R, void, undefined>>,
): AsyncGenerator<R, void, undefined> {
  const opened = new Deferred<DbSession>();
  const looped = new Deferred();
  const running = inSession((session) => {
    opened.resolve(session);
    return looped.promise;
  });
  running.catch(opened.reject);
  try {
    yield* await read(await opened.promise);
  } finally {
    looped.resolve();
    // all rows were read, or the reading has failed: the end of the session adds nothing to that
    await Promise.allSettled([running]);
  }
}
