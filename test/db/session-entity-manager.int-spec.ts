import { type DbSession, DuplicateKeyError, StatementRefusedError } from '@safesync/db';
import { type EntityManager, EntitySchema } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

interface Item {
  id: number;
  name: string;
  parts?: Part[];
}
interface Part {
  id: number;
  item?: Item;
}

const ITEM = new EntitySchema<Item>({
  name: 'item',
  columns: { id: { type: Number, primary: true }, name: { type: String } },
  relations: { parts: { type: 'one-to-many', target: 'part', inverseSide: 'item', cascade: true } },
});
const PART = new EntitySchema<Part>({
  name: 'part',
  columns: { id: { type: Number, primary: true } },
  relations: { item: { type: 'many-to-one', target: 'item', inverseSide: 'parts' } },
});

class Undo extends Error {}

describe('the entity manager of a session', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openSessions(database.url, { poolSize: 3, entities: [ITEM, PART] as EntitySchema[] });
    await db.dataSource.synchronize();
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM part');
    await database.pool.query('DELETE FROM item');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM item ORDER BY id')).map(({ id }) => id);
  const save = (manager: EntityManager, id: number): Promise<unknown> => manager.save('item', { id, name: `n${id}` });
  const insert = (manager: EntityManager, id: number): Promise<unknown> =>
    manager.query('INSERT INTO item (id, name) VALUES (?, ?)', [id, 'x']);

  it('DB-3 writes in the same transaction as the session itself', async () => {
    const run = db.sessions.run(async (session) => {
      await session.execute("INSERT INTO item (id, name) VALUES (1, 'a')");
      const items = session.manager.getRepository<Item>('item');
      expect(await items.findOneByOrFail({ id: 1 })).toEqual({ id: 1, name: 'a' });
      await items.save({ id: 2, name: 'b', parts: [{ id: 7 }, { id: 8 }] });
      await items.update({ id: 1 }, { name: 'c' });
      expect(await session.fetchAll('SELECT name FROM item ORDER BY id')).toEqual([{ name: 'c' }, { name: 'b' }]);
      throw new Undo();
    });
    await expect(run).rejects.toBeInstanceOf(Undo);
    expect(await ids()).toEqual([]);
  });

  it('commits with the session', async () => {
    await db.sessions.run(async ({ manager }) => {
      await manager.save('item', { id: 1, name: 'a', parts: [{ id: 7 }, { id: 8 }] });
      await manager.createQueryBuilder().insert().into('item').values({ id: 2, name: 'b' }).execute();
      await manager.remove('item', await manager.findOneByOrFail('item', { id: 2 }));
    });
    expect(await ids()).toEqual([1]);
    expect(await database.rows('SELECT id FROM part ORDER BY id')).toEqual([{ id: 7 }, { id: 8 }]);
  });

  it('is made at first use and then stays the same', async () => {
    await db.sessions.run(async (session) => {
      expect(session.manager).toBe(session.manager);
      await save(session.manager, 1);
    });
  });

  it("throws the library's errors, without values", async () => {
    await db.sessions.run(async ({ manager }) => {
      await insert(manager, 1);
      const again = manager.query('INSERT INTO item (id, name) VALUES (?, ?)', [1, 'SECRET-VALUE']);
      const error: unknown = await again.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DuplicateKeyError);
      expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain('SECRET');
    });
  });

  it('gives out no connection after its session', async () => {
    const runner = await db.sessions.run(async ({ manager: { queryRunner } }) => queryRunner);
    await expect(runner?.connect()).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it('DB-4 is closed with its session, repositories kept from it too', async () => {
    const kept = await db.sessions.run(async ({ manager }) => manager.getRepository<Item>('item'));
    await expect(kept.find()).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await expect(kept.save({ id: 1, name: 'late' })).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(await ids()).toEqual([]);
  });

  describe('manager.transaction', () => {
    const undone = async (manager: EntityManager, work: (inner: EntityManager) => Promise<unknown>): Promise<void> => {
      const nested = manager.transaction(async (inner) => {
        await work(inner);
        throw new Undo();
      });
      await expect(nested).rejects.toBeInstanceOf(Undo);
    };

    it('is a savepoint of the session', async () => {
      await db.sessions.run(async ({ manager }) => {
        await save(manager, 1);
        await undone(manager, (inner) => save(inner, 2));
        expect(await manager.transaction(async (inner) => save(inner, 3).then(() => 'value'))).toBe('value');
        await manager.transaction(async (inner) => {
          await save(inner, 4);
          await undone(inner, (innermost) => save(innermost, 5));
        });
        await manager.getRepository('item').manager.transaction((inner) => save(inner, 6));
      });
      expect(await ids()).toEqual([1, 3, 4, 6]);
    });

    it('refuses an isolation level of its own', async () => {
      await db.sessions.run(async ({ manager }) => {
        const nested = manager.transaction('SERIALIZABLE', async () => undefined);
        await expect(nested).rejects.toBeInstanceOf(StatementRefusedError);
      });
    });

    /** A nested transaction that fails while its neighbour still runs, both started together. */
    const concurrentlyNested = async (manager: EntityManager): Promise<void> => {
      const failed = deferred<void>();
      await Promise.all([
        manager.transaction(async (inner) => {
          await insert(inner, 2);
          failed.resolve();
          throw new Undo();
        }),
        manager.transaction(async (inner) => {
          await failed.promise;
          await insert(inner, 3);
        }),
      ]);
    };
    const strangers = async (): Promise<void> => {
      const others = Array.from({ length: 10 }, () =>
        db.dataSource.transaction((manager) => manager.query('SELECT 1')),
      );
      await Promise.all(others);
    };

    it('M20 side by side leaves no row behind, also after ten strangers used the pool', async () => {
      const run = db.sessions.run(async (session: DbSession) => {
        await insert(session.manager, 1);
        await concurrentlyNested(session.manager);
      });
      await expect(run).rejects.toMatchObject({ code: 'CONCURRENT_USE' });
      expect(await ids()).toEqual([]);
      await strangers();
      expect(await ids()).toEqual([]);
    });

    it('control: on plain TypeORM side by side, rows of the rejected transaction stay', async () => {
      const plain = await openSessions(database.url, { poolSize: 1 });
      const run = plain.dataSource.transaction(async (manager) => {
        await insert(manager, 1);
        await concurrentlyNested(manager);
      });
      await expect(run).rejects.toBeInstanceOf(Undo);
      await plain.dataSource.query('START TRANSACTION');
      await plain.close();
      expect(await ids()).not.toEqual([]);
    });
  });

  it.each(['startTransaction', 'commitTransaction', 'rollbackTransaction', 'release'] as const)(
    'refuses queryRunner.%s',
    async (method) => {
      await db.sessions.run(async ({ manager }) => {
        await insert(manager, 1);
        await expect(manager.queryRunner?.[method]()).rejects.toBeInstanceOf(StatementRefusedError);
        await insert(manager, 2);
      });
      expect(await ids()).toEqual([1, 2]);
    },
  );

  it('refuses what TypeORM does with DDL', async () => {
    await db.sessions.run(async ({ manager }) => {
      await insert(manager, 1);
      await expect(manager.clear('part')).rejects.toBeInstanceOf(StatementRefusedError);
      await expect(manager.queryRunner?.dropTable('part')).rejects.toBeInstanceOf(StatementRefusedError);
    });
    expect(await ids()).toEqual([1]);
  });

  describe('a stream', () => {
    const fill = async (): Promise<void> => {
      await db.sessions.run(async (session) => {
        for (let id = 1; id <= 50; id += 1) await insert(session.manager, id);
      });
    };
    const open = (session: DbSession): Promise<AsyncIterable<Item>> =>
      session.manager.createQueryBuilder('item', 'item').orderBy('item.id').stream();

    it('gives rows of the same transaction, and refuses every other statement meanwhile', async () => {
      await fill();
      await db.sessions.run(async (session) => {
        await session.execute('DELETE FROM item WHERE id > 40');
        let rows = 0;
        const stream = await open(session);
        const count = (): Promise<unknown> => session.executeScalar('SELECT COUNT(*) FROM item');
        await expect(count()).rejects.toMatchObject({ code: 'CONCURRENT_USE' });
        for await (const _ of stream) rows += 1;
        expect(rows).toBe(40);
        expect(Number(await count())).toBe(40);
      });
    });

    it('that nobody reads to its end undoes the session', async () => {
      await fill();
      const run = db.sessions.run(async (session) => {
        await session.execute('DELETE FROM item');
        const stream = (await open(session)) as AsyncIterable<Item> & { destroy(): void };
        setImmediate(() => stream.destroy());
      });
      await expect(run).rejects.toMatchObject({ code: 'UNAWAITED_STATEMENTS' });
      expect(await ids()).toHaveLength(50);
    });

    it.each([true, false])('that nobody reads undoes the session (returns: %p)', async (returns) => {
      await fill();
      const run = db.sessions.run(async (session) => {
        await session.execute('DELETE FROM item');
        await open(session);
        if (!returns) throw new Error('thrown');
      });
      await expect(run).rejects.toMatchObject(returns ? { code: 'UNAWAITED_STATEMENTS' } : { message: 'thrown' });
      expect(await ids()).toHaveLength(50);
    });
  });
});
