import type { DbSession, SessionOptions } from '@safesync/db';
import { eventually } from '../support/eventually.js';
import type { TestDatabase } from '../support/mysql.js';

/** A session that has done its first work and stays open until told how to end. */
export interface HeldSession {
  readonly session: DbSession;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
}

class Undone extends Error {}

type Runner = (work: (session: DbSession) => Promise<void>, options?: SessionOptions) => Promise<void>;

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise that the test settles. */
export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Pick<Deferred<T>, 'resolve' | 'reject'>) };
}

/** Opens a session with `run`, does `work` in it, and resolves while it is still open. Rejects when `work` does. */
export async function holdSession(run: Runner, work: (session: DbSession) => Promise<unknown>): Promise<HeldSession> {
  const begun = deferred<DbSession>();
  const ending = deferred<void>();
  const ended = run(async (session) => {
    await work(session);
    begun.resolve(session);
    await ending.promise;
  });
  ended.catch(begun.reject);
  const session = await begun.promise;
  return {
    session,
    commit: async () => {
      ending.resolve();
      await ended;
    },
    rollback: async () => {
      ending.reject(new Undone());
      await ended.catch((error: unknown) => {
        if (!(error instanceof Undone)) throw error;
      });
    },
  };
}

/** Waits until a statement that holds `text` is running in the test's database, as the server sees it. */
export async function runningStatement(database: TestDatabase, text: string, count = 1): Promise<number[]> {
  return eventually(
    async () => {
      const rows = await database.rows<{ id: string; info: string | null }>(
        'SELECT id, info FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
        [database.name],
      );
      const found = rows.filter(({ info }) => info?.includes(text));
      return found.length >= count && found.map(({ id }) => Number(id));
    },
    { what: `${count} running statements with "${text}"` },
  );
}
