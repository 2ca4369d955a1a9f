import { Test } from '@nestjs/testing';
import { DbSessions, SafeSyncDbModule } from '@safesync/db';
import { WorkerProcess } from '@safesync/testing';
import type { ResultSetHeader } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import { compiledProgram } from '../support/compiled-program.js';
import { createTestDatabase, mysqlUrl, type TestDatabase } from '../support/mysql.js';
import { openSessions } from './open-sessions.js';

const SQL = 'UPDATE items SET n = n';
const isWithout = new URL(mysqlUrl()).searchParams.get('flags')?.includes('-FOUND_ROWS') === true;

/** The suite as a whole can run with `MYSQL_URL=mysql://...?flags=-FOUND_ROWS`: this file shows whether the flag is in effect. */
describe(`an UPDATE that changes nothing, FOUND_ROWS ${isWithout ? 'off' : 'on'}`, () => {
  /** What the driver counts: rows that changed, or rows that matched. */
  const counted = isWithout ? 0 : 3;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, n INT)');
    await database.pool.query('INSERT INTO items VALUES (1, 1), (2, 2), (3, 3)');
  });
  afterAll(() => database?.drop());

  it("is counted so by the driver, in the suite's own pool and in a connection of its own", async () => {
    const [pooled] = await database.pool.query<ResultSetHeader>(SQL);
    const connection = await createConnection(database.url);
    const [alone] = await connection.query<ResultSetHeader>(SQL);
    await connection.end();
    expect([pooled.affectedRows, alone.affectedRows]).toEqual([counted, counted]);
  });

  it('is counted so below TypeORM, and by its matches in a session all the same', async () => {
    const db = await openSessions(database.url);
    const [driver] = await db.sessions.connection(({ raw }) => raw.promise().query<ResultSetHeader>(SQL));
    const matched = await db.sessions.run((given) => given.executeResult(SQL));
    await db.close();
    expect(driver.affectedRows).toBe(counted);
    expect(matched).toMatchObject({ affectedRows: 3, changedRows: 0 });
  });

  it('is counted so in a module and in another process', async () => {
    const imports = [SafeSyncDbModule.forRoot({ connection: { url: database.url, poolSize: 1 } })];
    const module = await Test.createTestingModule({ imports }).compile();
    const [driver] = await module.get(DbSessions).connection(({ raw }) => raw.promise().query<ResultSetHeader>(SQL));
    await module.close();
    expect(driver.affectedRows).toBe(counted);
    const worker = await WorkerProcess.spawn(compiledProgram('db/programs/count-changed'), { args: [database.url] });
    const isAnswer = (message: unknown): message is object => typeof message === 'object' && message !== null;
    expect(await worker.message(isAnswer, 'what is counted')).toEqual({ driver: counted, session: 3 });
    await worker.success();
  });
});
