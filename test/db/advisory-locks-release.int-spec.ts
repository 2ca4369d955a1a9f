import {
  AdvisoryLock,
  CommitOutcomeUnknownError,
  type DbSession,
  LockAcquisitionError,
  SessionAbortedError,
  UnawaitedStatementsError,
} from '@safesync/db';
import { createPool } from 'mysql2/promise';
import { type Contender, openContender } from '../concurrency/contender.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

const POOL_SIZE = 3;

describe('release of advisory locks', () => {
  let database: TestDatabase;
  let db: Contender;
  const hookErrors: unknown[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE notes (id INT PRIMARY KEY)');
    const onHookError = (error: unknown): void => void hookErrors.push(error);
    db = await openContender(database.url, { poolSize: POOL_SIZE, db: { onHookError } });
    // warm connections, so that the next session gets another one than the last
    await Promise.all(Array.from({ length: POOL_SIZE }, () => db.sessions.run((session) => session.execute('DO 1'))));
  });
  beforeEach(() => {
    hookErrors.length = 0;
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const acquire = (session: DbSession, key = 'job', seconds = 0): Promise<void> =>
    new AdvisoryLock(session, key, seconds).acquire();
  const nameOf = (key: string): string => `${database.name}:${key}`;

  async function isFree(key: string): Promise<boolean> {
    const [row] = await database.rows<{ holder: unknown }>('SELECT IS_USED_LOCK(?) AS holder', [nameOf(key)]);
    return row?.holder === null;
  }

  describe('W1: the lock is free when the session has ended', () => {
    it('(control) a plain pool keeps the lock on the connection it got back', async () => {
      const plain = createPool({ uri: database.url, connectionLimit: 1 });
      const connection = await plain.getConnection();
      await connection.query('SELECT GET_LOCK(?, 0)', [nameOf('leak')]);
      await connection.beginTransaction();
      await connection.commit();
      connection.release();
      expect(await isFree('leak')).toBe(false);
      await plain.end();
    });

    it.each(['run', 'in session'])('after a commit (%s)', async (kind) => {
      for (let turn = 0; turn < 2 * POOL_SIZE; turn += 1) {
        if (kind === 'run') await db.advisoryLocks.run('job', { timeoutMs: 0 }, async () => undefined);
        else await db.sessions.run(acquire);
        expect(await isFree('job')).toBe(true);
      }
    });

    it.each(['run', 'in session'])('after a rollback (%s)', async (kind) => {
      const fail = (): Promise<never> => Promise.reject(new Error('undo'));
      for (let turn = 0; turn < 2 * POOL_SIZE; turn += 1) {
        const failing =
          kind === 'run'
            ? db.advisoryLocks.run('job', { timeoutMs: 0 }, fail)
            : db.sessions.run((session) => acquire(session).then(fail));
        await expect(failing).rejects.toThrow('undo');
        expect(await isFree('job')).toBe(true);
      }
    });

    it('after a commit that was refused: statements not awaited, or an error swallowed', async () => {
      const forgetful = db.advisoryLocks.run('job', {}, async (session) => {
        session.execute('INSERT INTO notes VALUES (1)').catch(() => undefined);
      });
      await expect(forgetful).rejects.toThrow(UnawaitedStatementsError);
      expect(await isFree('job')).toBe(true);
      const swallowing = db.sessions.run(async (session) => {
        await acquire(session);
        session.internals.abort(new Error('rollback only'));
      });
      await expect(swallowing).rejects.toThrow(SessionAbortedError);
      expect(await isFree('job')).toBe(true);
    });

    it('after a commit that failed: its connection was lost', async () => {
      const losing = db.advisoryLocks.run('job', {}, async (session) => {
        await session.execute('INSERT INTO notes VALUES (2)');
        const { connection } = session.internals;
        const send = connection.send.bind(connection);
        connection.send = async (text) => {
          if (text.startsWith('COMMIT')) await database.pool.query(`KILL ${connection.threadId}`);
          return send(text);
        };
      });
      await expect(losing).rejects.toThrow(CommitOutcomeUnknownError);
      // the server ends what it was told to kill in its own time
      expect(await eventually(() => isFree('job'), { what: 'the lock is free' })).toBe(true);
      expect(await database.rows('SELECT id FROM notes')).toEqual([]);
    });

    it('when the acquisition was not awaited', async () => {
      const forgetful = db.sessions.run(async (session) => {
        acquire(session).catch(() => undefined);
      });
      await expect(forgetful).rejects.toThrow(UnawaitedStatementsError);
      expect(await isFree('job')).toBe(true);
    });

    it('in reverse order of taking, after the end of the transaction', async () => {
      const sent: string[] = [];
      await db.sessions.run(async (session) => {
        for (const key of ['first', 'second', 'third']) await acquire(session, key);
        const { connection } = session.internals;
        const send = connection.send.bind(connection);
        connection.send = (text) => {
          sent.push(text);
          return send(text);
        };
      });
      expect(sent[0]).toMatch(/^COMMIT/);
      const released = sent.filter((text) => text.includes('RELEASE_LOCK')).map((text) => /:(\w+)'/.exec(text)?.[1]);
      expect(released).toEqual(['third', 'second', 'first']);
    });

    it('and a connection that no longer has it is destroyed, with word to the operator', async () => {
      const threadId = await db.advisoryLocks.run('job', {}, async (session) => {
        const { connection } = session.internals;
        await connection.query(`SELECT RELEASE_LOCK('${nameOf('job')}')`);
        return connection.threadId;
      });
      expect(hookErrors).toEqual([expect.any(LockAcquisitionError)]);
      expect(hookErrors).toEqual([expect.objectContaining({ code: 'LOCK_LOST' })]);
      const reused = await Promise.all(
        Array.from({ length: POOL_SIZE }, () =>
          db.sessions.run(async ({ internals }) => internals.connection.threadId),
        ),
      );
      expect(reused).not.toContain(threadId);
    });

    it('also after a thousand sessions with random endings, on every connection of the pool', async () => {
      const keys = ['k0', 'k1', 'k2', 'k3'];
      const turn = async (number: number): Promise<void> => {
        const key = keys[number % 4] as string;
        const work = async (session: DbSession): Promise<void> => {
          if (number % 5 === 0) await acquire(session, `${key}-inner`, 10);
          if (number % 3 === 0) throw new Error('undo');
          if (number % 7 === 0) session.execute('DO 1').catch(() => undefined);
        };
        await db.advisoryLocks.run(key, {}, work).catch((error: unknown) => {
          expect(String(error)).toMatch(/undo|statements/);
        });
      };
      for (let from = 0; from < 1_000; from += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, index) => turn(from + index)));
      }
      const free = await Promise.all(keys.flatMap((key) => [isFree(key), isFree(`${key}-inner`)]));
      expect(free).toEqual(Array.from({ length: 8 }, () => true));
    }, 60_000);
  });
});
