import type { TestingModule } from '@nestjs/testing';
import { Deferred } from '@safesync/core';
import { DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { eventually } from '@safesync/testing';
import { type HandlerWorld, upTo } from '../queue/handler-world.js';
import { bootWithOutbox, publishedNumbers, useOutboxWorld } from './outbox-world.js';

/** OB-1, T18, M15: a message exists exactly if its transaction commits, whatever the order of commits. */
describe('what the outbox publishes', () => {
  let world: HandlerWorld;
  let apps: TestingModule[];

  useOutboxWorld((opened) => {
    world = opened;
  });
  beforeEach(async () => {
    apps = await Promise.all([0, 1].map(() => bootWithOutbox(world, [], { outbox: { relay: { pollMs: 50 } } })));
  });

  const ascending = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b);

  it('is what was committed: 2 000 transactions at once in two processes, a third of them rolled back', async () => {
    const committed: number[] = [];
    const transfer = async (app: TestingModule, n: number): Promise<void> => {
      const isUndone = Math.random() < 1 / 3;
      const work = app.get(DbSessions).run(async (session) => {
        await session.execute('INSERT INTO effects (n) VALUES (:n)', { n });
        await app.get(Outbox).publish(session, world.stream, { n }, Math.random() < 0.5 ? { key: `k${n % 5}` } : {});
        if (isUndone) throw new Error('undone');
      });
      if (isUndone) await expect(work).rejects.toThrow('undone');
      else await work.then(() => committed.push(n));
    };
    const numbers = upTo(2_000);
    const flow = async (app: TestingModule): Promise<void> => {
      for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) await transfer(app, n);
    };
    await Promise.all(apps.flatMap((app) => upTo(6).map(() => flow(app))));
    await eventually(async () => (await world.redis.client.xlen(world.stream)) >= committed.length, {
      what: 'all that was committed',
    });
    const published = await publishedNumbers(world);
    expect(ascending(published)).toEqual(ascending(committed));
    expect(ascending(await world.effects())).toEqual(ascending(committed));
    expect(committed.length).toBeGreaterThan(1_000);
  }, 60_000);

  describe('of a transaction that commits after one with higher ids', () => {
    /** The lower id stays uncommitted until `commit` is called; the higher one has been committed. */
    const openLower = async (): Promise<() => Promise<void>> => {
      const [app] = apps as [TestingModule];
      const wrote = new Deferred();
      const mayCommit = new Deferred();
      const first = app.get(DbSessions).run(async (session) => {
        await app.get(Outbox).publish(session, world.stream, { n: 1 });
        wrote.resolve();
        await mayCommit.promise;
      });
      await wrote.promise;
      await app.get(DbSessions).run((session) => app.get(Outbox).publish(session, world.stream, { n: 2 }));
      await eventually(async () => (await publishedNumbers(world)).join() === '2', { what: 'the higher id' });
      return () => {
        mayCommit.resolve();
        return first;
      };
    };

    it('is published as well', async () => {
      const commit = await openLower();
      await commit();
      await eventually(async () => (await publishedNumbers(world)).join() === '2,1', { what: 'the lower id' });
    });

    it('control: a relay that goes on behind the last id it saw never sees it', async () => {
      const commit = await openLower();
      const byCursor = async (last: string): Promise<{ id: string }[]> =>
        world.database.rows('SELECT id FROM safesync_outbox WHERE id > ? ORDER BY id', [last]);
      const cursor = (await byCursor('0')).at(-1)?.id as string;
      await commit();
      expect(await byCursor(cursor)).toEqual([]);
    });
  });
});
