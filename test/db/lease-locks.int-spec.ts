import { type DbSession, type Leadership, type Lease, LeaseExpiredError, LeaseLocks } from '@safesync/db';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred } from './held-session.js';
import { createMigratedDatabase } from './migrated-database.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('DB-10 lease locks', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let locks: LeaseLocks;
  let others: LeaseLocks;
  const open: OpenSessions[] = [];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    await database.pool.query(
      'CREATE TABLE stock (id INT PRIMARY KEY, free INT NOT NULL, fence BIGINT NOT NULL DEFAULT 0)',
    );
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM stock');
    await database.pool.query('INSERT INTO stock (id, free) VALUES (1, 10)');
    db = await openSessions(database.url, { poolSize: 3 });
    const other = await openSessions(database.url, { poolSize: 3 });
    open.push(db, other);
    [locks, others] = [new LeaseLocks(db.sessions), new LeaseLocks(other.sessions)];
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => database?.drop());

  const take = (session: DbSession): Promise<number> =>
    session.execute('UPDATE stock SET free = free - 1 WHERE id = 1');
  const free = async (): Promise<unknown> => (await database.rows<{ free: number }>('SELECT free FROM stock'))[0]?.free;
  /** What a pause longer than the lease does, without the pause. */
  const expire = (): Promise<unknown> =>
    database.pool.query('UPDATE safesync_lease SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND');

  it('gives out tokens that only rise, whoever asks', async () => {
    const tokens: bigint[] = [];
    const note = async (_session: DbSession, { token }: Lease): Promise<void> => void tokens.push(BigInt(token));
    for (const lock of [locks, others, locks, others]) await lock.run('rising', {}, note);
    expect(tokens).toEqual([1n, 2n, 3n, 4n]);
  });

  it('T9 commits nothing of a holder that has lost its lease, whether or not somebody else has it', async () => {
    for (const isTaken of [false, true]) {
      const stale = locks.run('stale', {}, async (session) => {
        await expire();
        if (isTaken) await others.run('stale', { timeoutMs: 0, independent: true }, async () => undefined);
        await take(session);
      });
      await expect(stale).rejects.toThrow(LeaseExpiredError);
      await expect(stale).rejects.toMatchObject({ code: 'LEASE_EXPIRED', isRetryable: true });
    }
    expect(await free()).toBe(10);
  });

  it('control: the same holder commits what it does past the session of its lease', async () => {
    const stale = locks.run('stale', {}, async () => {
      await expire();
      await db.sessions.run((session) => take(session), { independent: true });
    });
    await expect(stale).rejects.toThrow(LeaseExpiredError);
    expect(await free()).toBe(9);
  });

  it('a fenced write of a stale holder changes no row', async () => {
    const fenced = (session: DbSession, { token }: Lease): Promise<number> =>
      session.execute('UPDATE stock SET free = free - 1, fence = :token WHERE id = 1 AND fence <= :token', { token });
    const stale = await locks.run('fenced', {}, async (_session, lease) => lease);
    await others.run('fenced', {}, fenced);
    expect(await db.sessions.run((session) => fenced(session, stale))).toBe(0);
    expect(await free()).toBe(9);
  });

  it('keeps the lease of work that takes longer than it lasts', async () => {
    const goOn = deferred<void>();
    let first: unknown;
    const expiry = async (): Promise<unknown> =>
      (await database.rows<{ at: Date }>("SELECT expires_at AS at FROM safesync_lease WHERE name LIKE '%long'"))[0]?.at;
    const long = locks.run('long', { ttlMs: 150 }, async (session) => {
      first = await expiry();
      await take(session);
      await goOn.promise;
    });
    const renewals = new Set<string>();
    await eventually(
      async () => {
        const at = await expiry();
        if (at !== undefined && first !== undefined) renewals.add(String((at as Date).getTime()));
        return renewals.size > 6;
      },
      { what: 'six renewals' },
    );
    await expect(others.run('long', { timeoutMs: 0 }, async () => undefined)).rejects.toThrow(/not free/);
    goOn.resolve();
    await long;
    expect(await free()).toBe(9);
  });

  it('tells the work by its signal when the lease is lost while it waits for something else', async () => {
    const lost = locks.run('signalled', { ttlMs: 150 }, async (session) => {
      await take(session);
      const aborted = new Promise((resolve) => session.signal.addEventListener('abort', resolve));
      await expire();
      await aborted;
    });
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_ABORTED', cause: { code: 'LEASE_EXPIRED' } });
    expect(await free()).toBe(10);
  });

  it('frees the lease of a holder that died, when its time is over', async () => {
    const grant = await new LeaseLocks(db.sessions).run('dead', {}, async (_session, lease) => lease);
    await database.pool.query(
      "UPDATE safesync_lease SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 300000 MICROSECOND WHERE name LIKE '%dead'",
    );
    await expect(others.run('dead', { timeoutMs: 0 }, async () => undefined)).rejects.toThrow(/not free/);
    const next = await others.run('dead', { timeoutMs: 10_000 }, async (_session, lease) => lease);
    expect(BigInt(next.token)).toBeGreaterThan(BigInt(grant.token));
  });

  it('SE-2 needs no more grants than those on its table', async () => {
    const user = `u_${database.name}`;
    await database.pool.query(`CREATE USER ${user}@'%' IDENTIFIED BY ''`);
    try {
      await database.pool.query(`GRANT SELECT, INSERT, UPDATE ON ${database.name}.safesync_lease TO ${user}@'%'`);
      const url = Object.assign(new URL(database.url), { username: user, password: '' });
      const least = await openSessions(url.href, { poolSize: 2 });
      open.push(least);
      const lock = new LeaseLocks(least.sessions);
      for (const expected of ['1', '2']) {
        expect(await lock.run('granted', {}, async (_session, { token }) => token)).toBe(expected);
      }
    } finally {
      await database.pool.query(`DROP USER ${user}@'%'`);
    }
  });

  it('says what is missing without the table', async () => {
    const bare = await createTestDatabase();
    const other = await openSessions(bare.url);
    const run = new LeaseLocks(other.sessions).run('any', {}, async () => undefined);
    await expect(run).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
    await other.close();
    await bare.drop();
  });

  it.each([[{ ttlMs: 99 }], [{ ttlMs: 1.5 }], [{ timeoutMs: -1 }], [{ timeoutMs: Number.POSITIVE_INFINITY }]])(
    'refuses %p',
    async (options) => {
      await expect(locks.run('key', options, async () => undefined)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    },
  );

  describe('leader election', () => {
    const elect = (of: LeaseLocks, led: string[], name: string) =>
      of.elect('leader', { ttlMs: 200 }, async ({ signal }: Leadership) => {
        led.push(`${name} leads`);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        led.push(`${name} ends`);
      });

    it('has one lead at a time, and another when it stops', async () => {
      const led: string[] = [];
      const [a, b] = [elect(locks, led, 'a'), elect(others, led, 'b')];
      a.start();
      await eventually(() => a.isLeader, { what: 'a leads' });
      b.start();
      await a.stop();
      await eventually(() => b.isLeader, { what: 'b leads' });
      expect(a.isLeader).toBe(false);
      await b.stop();
      expect(led).toEqual(['a leads', 'a ends', 'b leads', 'b ends']);
    });

    it('tells a leader that lost its lease, and lets another lead', async () => {
      const led: string[] = [];
      const [a, b] = [elect(locks, led, 'a'), elect(others, led, 'b')];
      a.start();
      await eventually(() => a.isLeader, { what: 'a leads' });
      b.start();
      await expire();
      await eventually(() => led.includes('a ends'), { what: 'a was told' });
      await eventually(() => a.isLeader || b.isLeader, { what: 'somebody leads again' });
      await Promise.all([a.stop(), b.stop()]);
    });
  });
});
