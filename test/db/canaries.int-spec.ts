import {
  AdvisoryLocks,
  DbError,
  type DbSession,
  IdempotentInserts,
  insertIdempotent,
  LeaseLocks,
  OptimisticUpdates,
  RowLocks,
  type Table,
  Tables,
} from '@safesync/db';
import { EntitySchema } from 'typeorm';
import type { TestDatabase } from '../support/mysql.js';
import { holdSession, runningStatement } from './held-session.js';
import { createMigratedDatabase } from './migrated-database.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { shownOf, Witness } from './witness.js';

const CANARY = 'CANARY-4111-1111';
const LONG = CANARY.repeat(4);

const CARD = new EntitySchema<{ id: number; pan: string }>({
  name: 'cards',
  columns: { id: { type: 'int', primary: true }, pan: { type: 'varchar' } },
});

/** SE-1 (S11): what `session-secrets` shows of statements, for everything that makes statements of its own. */
describe('a secret that is given to what fails is shown nowhere', () => {
  const witness = new Witness();
  let database: TestDatabase;
  let db: OpenSessions;
  let inserts: IdempotentInserts;
  let optimistic: OptimisticUpdates;
  const locks = new RowLocks();

  beforeAll(async () => {
    database = await createMigratedDatabase();
    await database.pool.query(
      'CREATE TABLE cards (id INT PRIMARY KEY, pan VARCHAR(40) NOT NULL UNIQUE, n INT NOT NULL DEFAULT 0, d DATETIME, ' +
        'doc JSON, CONSTRAINT small CHECK (n < 100))',
    );
    await database.pool.query('CREATE TABLE uses (pan VARCHAR(40), FOREIGN KEY (pan) REFERENCES cards (pan))');
    await database.pool.query("INSERT INTO cards (id, pan) VALUES (1, ?), (2, 'other')", [CANARY]);
    await database.pool.query('INSERT INTO uses VALUES (?)', [CANARY]);
    const entities = [CARD] as EntitySchema[];
    const defaults = { lockWaitMs: 1_000 };
    db = await openSessions(database.url, {
      metrics: witness.start(),
      onHookError: witness.onHookError,
      entities,
      defaults,
    });
    inserts = new IdempotentInserts();
    optimistic = new OptimisticUpdates(db.sessions);
  });
  afterAll(async () => {
    witness.stop();
    await db?.close();
    await database?.drop();
  });

  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const table = (session?: DbSession): Table => new Tables(db.sessions).of('cards', session);

  /** Expects an error of the library that shows nothing, nor anything of it elsewhere. */
  const expectSilence = (error: unknown): void => {
    expect(error).toBeInstanceOf(DbError);
    expect(shownOf(error)).not.toMatch(/CANARY|4111/);
    expect(witness.heard.join('\n')).not.toMatch(/CANARY|4111/);
  };

  const change = { table: 'cards', idColumn: 'id', idValue: 2, versionColumn: 'n', versionValue: 0 };
  const byPan = { ...change, idColumn: 'pan', idValue: `${CANARY}!` };
  type Failing = (session: DbSession) => Promise<unknown>;
  const failing: readonly (readonly [string, Failing])[] = [
    ['table.insert: a duplicate', (s) => table(s).insert({ id: 3, pan: CANARY })],
    ['table.insert: too long', (s) => table(s).insert({ id: 3, pan: LONG })],
    ['table.insert: no number', (s) => table(s).insert({ id: 3, pan: 'x', n: CANARY })],
    ['table.insert: no date', (s) => table(s).insert({ id: 3, pan: 'x', d: CANARY })],
    ['table.insert: no document', (s) => table(s).insert({ id: 3, pan: 'x', doc: CANARY })],
    ['table.insert: an unknown column', (s) => table(s).insert({ id: 3, nowhere: CANARY })],
    ['table.insert: of a wrong kind', (s) => table(s).insert({ id: 3, pan: { CANARY } as never })],
    ['table.insert: a missing parent', (s) => new Tables(db.sessions).of('uses', s).insert({ pan: `${CANARY}!` })],
    [
      'table.insertMany: a duplicate',
      (s) =>
        table(s).insertMany([
          { id: 3, pan: 'x' },
          { id: 4, pan: CANARY },
        ]),
    ],
    ['table.insertMany: too long', (s) => table(s).insertMany([{ id: 3, pan: LONG }])],
    ['table.insertMany: of a wrong kind', (s) => table(s).insertMany([{ id: 3, pan: [CANARY] as never }])],
    ['table.update: a duplicate', (s) => table(s).update({ where: { id: 2 }, set: { pan: CANARY } })],
    ['table.update: no number', (s) => table(s).update({ where: { id: 2 }, set: { n: CANARY } })],
    ['table.update: against a check', (s) => table(s).update({ where: { pan: CANARY }, set: { n: 100 } })],
    ['table.delete: a child', (s) => table(s).delete({ where: { pan: CANARY } })],
    ['table.delete: an unknown column', (s) => table(s).delete({ where: { id: 2, n: CANARY, nowhere: CANARY } })],
    ['table.findOne: two rows', (s) => table(s).findOne({ pan: [CANARY, 'other'] })],
    ['table.findMany: an unknown column', (s) => table(s).findMany({ where: { nowhere: CANARY } })],
    ['rowLocks.lock: two rows', (s) => locks.lock(s, 'cards', { pan: [CANARY, 'other'] })],
    ['rowLocks.lockMany: an unknown column', (s) => locks.lockMany(s, 'cards', 'nowhere', [CANARY])],
    ['rowLocks.lockMany: of a wrong kind', (s) => locks.lockMany(s, 'cards', 'pan', [{ CANARY } as never])],
    ['optimistic.update: a duplicate', (s) => optimistic.update(s, { ...change, updates: { pan: CANARY } })],
    ['optimistic.update: too long', (s) => optimistic.update(s, { ...change, updates: { pan: LONG } })],
    ['optimistic.update: no version', (s) => optimistic.update(s, { ...change, versionValue: CANARY, updates: {} })],
    ['optimistic.updateOrThrow: no such row', (s) => optimistic.updateOrThrow(s, { ...byPan, updates: {} })],
    [
      'optimistic.updateOrThrow: a conflict',
      (s) => optimistic.updateOrThrow(s, { ...change, versionValue: 7, updates: { pan: `${CANARY}!` } }),
    ],
    [
      'inserts.insert: a duplicate on another key',
      (s) => inserts.insert(s, 'cards', { id: 3, pan: CANARY }, { onKey: 'PRIMARY' }),
    ],
    ['inserts.insert: altered', (s) => inserts.insert(s, 'cards', { id: 3, pan: LONG })],
    ['inserts.insert: no number', (s) => inserts.insert(s, 'cards', { id: 3, pan: 'x', n: CANARY })],
    ['inserts.insert: no document', (s) => inserts.insert(s, 'cards', { id: 3, pan: 'x', doc: CANARY })],
    ['inserts.insert: a missing parent', (s) => inserts.insert(s, 'uses', { pan: `${CANARY}!` })],
    [
      'inserts.insertOrFetch: a duplicate on another key',
      (s) => inserts.insertOrFetch(s, 'cards', { id: 3, pan: CANARY }, ['id']),
    ],
    [
      'insertIdempotent: a duplicate on another key',
      (s) => insertIdempotent(s, 'INSERT INTO cards (id, pan) VALUES (3, :pan)', { pan: CANARY }, { onKey: 'PRIMARY' }),
    ],
    [
      'insertIdempotent: too long',
      (s) => insertIdempotent(s, 'INSERT INTO cards (id, pan) VALUES (3, :pan)', { pan: LONG }),
    ],
    [
      'executeMany: the second of two',
      (s) =>
        s.executeMany('INSERT INTO cards (id, pan) VALUES (:id, :pan)', [
          { id: 3, pan: 'x' },
          { id: 4, pan: CANARY },
        ]),
    ],
    ['execute: a text for a parameter object', (s) => s.execute('SELECT :a', CANARY as never)],
  ];

  it.each(failing)('%s', async (_name, work) => {
    expectSilence(await failure(db.sessions.run(work)));
    expectSilence(await failure(new AdvisoryLocks(db.sessions).run('key', {}, work)));
    expectSilence(await failure(new LeaseLocks(db.sessions).run('key', {}, work)));
  });

  it('control: the driver by itself and a repository outside of a session show it', async () => {
    const [own, repository] = await Promise.all([
      failure(database.pool.query('INSERT INTO cards (id, pan) VALUES (3, ?)', [CANARY])),
      failure(db.dataSource.getRepository(CARD).insert({ id: 3, pan: CANARY })),
    ]);
    for (const error of [own, repository]) expect(shownOf(error)).toContain(CANARY);
  });

  it('control: the witness hears every way of saying it', () => {
    const other = new Witness().start();
    console.warn(new Error(`by ${CANARY} 1`));
    process.stderr.write(`by ${CANARY} 2\n`);
    other.onHookError(new Error('outer', { cause: new Error(`by ${CANARY} 3`) }));
    other.stop();
    for (const number of [1, 2, 3]) expect(other.heard.join('\n')).toContain(`by ${CANARY} ${number}`);
  });

  it.each(['insert', 'save'] as const)('a repository inside of a session: %s', async (method) => {
    const error = await failure(
      db.sessions.run(async ({ manager }) => {
        await manager.getRepository(CARD)[method]({ id: 3, pan: CANARY });
      }),
    );
    expect(error).toBeInstanceOf(Error);
    expect(shownOf(error)).not.toMatch(/CANARY|4111/);
  });

  it('a connection without a transaction', async () => {
    const sql = 'INSERT INTO cards (id, pan) VALUES (3, :pan)';
    for (const pan of [CANARY, LONG]) {
      expectSilence(await failure(db.sessions.connection((connection) => connection.execute(sql, { pan }))));
    }
    const unknown = 'SELECT * FROM cards WHERE nowhere = :pan';
    expectSilence(await failure(db.sessions.connection((connection) => connection.fetchAll(unknown, { pan: CANARY }))));
  });

  it('a lock that is held, waited for and asked for without waiting', async () => {
    const lock = (session: DbSession): Promise<unknown> => locks.lock(session, 'cards', { pan: CANARY });
    const holder = await holdSession((work) => db.sessions.run(work), lock);
    expectSilence(await failure(db.sessions.run(lock)));
    const noWait = { wait: 'nowait' } as const;
    expectSilence(await failure(db.sessions.run((s) => locks.lockMany(s, 'cards', 'pan', [CANARY], noWait))));
    expectSilence(await failure(db.sessions.run((s) => table(s).update({ where: { pan: CANARY }, set: { n: 1 } }))));
    await holder.rollback();
  });

  it('a deadlock of two', async () => {
    const touch = (session: DbSession, pan: string): Promise<number> =>
      table(session).update({ where: { pan }, set: { d: '2026-01-01 00:00:00' } });
    const first = await holdSession(
      (work) => db.sessions.run(work),
      (session) => touch(session, CANARY),
    );
    const second = failure(
      db.sessions.run(
        async (session) => {
          await touch(session, 'other');
          await touch(session, CANARY);
        },
        { lockWaitMs: 20_000 },
      ),
    );
    await runningStatement(database, CANARY);
    const errors = [await failure(touch(first.session, 'other')), await failure(first.commit()), await second];
    const deadlocks = errors.filter((error) => error !== undefined);
    expect(deadlocks.length).toBeGreaterThan(0);
    for (const error of deadlocks) expectSilence(error);
  });

  it('a connection that is lost, before and during a statement', async () => {
    const killed = async (session: DbSession): Promise<unknown> => {
      await database.pool.query(`KILL ${session.internals.connection.threadId}`);
      return table(session).insert({ id: 3, pan: CANARY });
    };
    expectSilence(await failure(db.sessions.run(killed)));
    const slow = failure(db.sessions.run((s) => s.execute('SELECT SLEEP(60), :pan', { pan: CANARY })));
    const [id] = await runningStatement(database, CANARY);
    await database.pool.query(`KILL ${id}`);
    expectSilence(await slow);
  });
});
