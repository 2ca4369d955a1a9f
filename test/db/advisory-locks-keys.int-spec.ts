import { InvalidParameterError, LockAcquisitionError, LockTimeoutError } from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession } from './held-session.js';

describe('keys of advisory locks', () => {
  let database: TestDatabase;
  /** Two pools: `other` stands for another process. */
  let db: Contender;
  let other: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openContender(database.url, { poolSize: 2 });
    other = await openContender(database.url, { poolSize: 3 });
  });
  afterAll(async () => {
    await db?.close();
    await other?.close();
    await database?.drop();
  });

  const nothing = async (): Promise<void> => undefined;
  const hold = (contender: Contender, key: string): Promise<HeldSession> =>
    holdSession((work) => contender.advisoryLocks.run(key, {}, work), nothing);
  const tryLock = (contender: Contender, key: string): Promise<string> =>
    contender.advisoryLocks.run(key, { timeoutMs: 0 }, async () => 'acquired');

  /** The connection that holds the lock of a name, seen from outside. */
  async function holderOf(name: string): Promise<number | null> {
    const [row] = await database.rows<{ holder: string | null }>('SELECT IS_USED_LOCK(?) AS holder', [name]);
    return row?.holder == null ? null : Number(row.holder);
  }

  it('differ by case and by trailing space, whatever the server makes of names', async () => {
    const keys = ['order', 'Order', 'ORDER', 'order ', 'örder', 'x'.repeat(100), `${'x'.repeat(100)}y`];
    for (const key of keys) {
      const held = await hold(other, key);
      for (const different of keys.filter((candidate) => candidate !== key)) {
        expect(await tryLock(db, different)).toBe('acquired');
      }
      await held.commit();
    }
  });

  it('belong to a namespace: the database by default, or one that several agree on', async () => {
    const elsewhere = await createTestDatabase();
    const stranger = await openContender(elsewhere.url, { poolSize: 1 });
    const ally = await openContender(elsewhere.url, { poolSize: 1, db: { lockNamespace: database.name } });
    const held = await hold(db, 'shared');
    expect(await tryLock(stranger, 'shared')).toBe('acquired');
    await expect(tryLock(ally, 'shared')).rejects.toThrow(LockTimeoutError);
    await held.commit();
    await stranger.close();
    await ally.close();
    await elsewhere.drop();
  });

  it('need a namespace where the connection has no database', async () => {
    const { href } = new URL('/', database.url);
    const homeless = await openContender(href, { poolSize: 1 });
    await expect(homeless.advisoryLocks.run('key', {}, nothing)).rejects.toThrow('lockNamespace must be set');
    await homeless.close();
  });

  it('are used as they are with rawKey, so that other programs exclude us and we them', async () => {
    const outsider = await database.pool.getConnection();
    await outsider.query("SELECT GET_LOCK('Raw key', 0)");
    const raw = { rawKey: true, timeoutMs: 0 };
    await expect(db.advisoryLocks.run('Raw key', raw, nothing)).rejects.toThrow(LockTimeoutError);
    expect(await tryLock(db, 'Raw key')).toBe('acquired');
    await outsider.query("SELECT RELEASE_LOCK('Raw key')");
    const seen = await db.advisoryLocks.run('Raw key', raw, async () => holderOf('Raw key'));
    expect(seen).not.toBeNull();
    outsider.release();
  });

  it('are refused when empty, not a text, or beyond what UTF-8 or the server can express', async () => {
    await expect(tryLock(db, '')).rejects.toThrow(InvalidParameterError);
    await expect(tryLock(db, 7 as unknown as string)).rejects.toThrow('"key" must be a text');
    await expect(tryLock(db, '\ud800')).rejects.toThrow('surrogate');
    const tooLong = db.advisoryLocks.run('x'.repeat(300), { rawKey: true, timeoutMs: 0 }, nothing);
    await expect(tooLong).rejects.toThrow(LockAcquisitionError);
  });
});
