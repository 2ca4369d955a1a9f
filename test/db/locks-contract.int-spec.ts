import { AdvisoryLocks, LeaseLocks } from '@safesync/db';
import type { TestDatabase } from '../support/mysql.js';
import { type LockUnderTest, locksKeepTheirPromises } from './locks.contract.js';
import { createMigratedDatabase } from './migrated-database.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe.each([
  ['DB-9 advisory locks', (db: OpenSessions): LockUnderTest => new AdvisoryLocks(db.sessions)],
  ['DB-10 lease locks', (db: OpenSessions): LockUnderTest => new LeaseLocks(db.sessions)],
])('%s', (_name, open) => {
  let database: TestDatabase;
  const processes: OpenSessions[] = [];
  let locks: LockUnderTest[];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    await database.pool.query('CREATE TABLE counters (id INT PRIMARY KEY, value INT NOT NULL)');
    await database.pool.query('INSERT INTO counters VALUES (1, 0)');
    processes.push(
      await openSessions(database.url, { poolSize: 3 }),
      await openSessions(database.url, { poolSize: 3 }),
    );
    locks = processes.map(open);
  });
  afterAll(async () => {
    for (const db of processes.splice(0)) await db.close();
    await database?.drop();
  });

  locksKeepTheirPromises(() => {
    const [one, other] = locks as [LockUnderTest, LockUnderTest];
    return { database, one, other };
  });
});
