import { type DbSession, Tables } from '@safesync/db';
import { WorkerProcess } from '@safesync/testing';
import fc from 'fast-check';
import type { RowDataPacket } from 'mysql2/promise';
import { EntitySchema } from 'typeorm';
import { compiledProgram } from '../support/compiled-program.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import type { InstantsRead } from './programs/instants.js';

interface Instant {
  readonly id: number;
  readonly at: Date;
}

const INSTANT = new EntitySchema<Instant>({
  name: 'instants',
  columns: { id: { type: 'int', primary: true }, at: { type: 'datetime', precision: 6 } },
});

/** 01:30 in New York, once in summer time and once more an hour later. */
const FOLD = [new Date('2026-11-01T05:30:00Z'), new Date('2026-11-01T06:30:00Z')];
/** 02:30 in New York on the day when that hour is left out. */
const GAP = [new Date('2026-03-08T06:30:00Z'), new Date('2026-03-08T07:30:00Z')];
const FAR = [new Date('1000-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z'), new Date(-1), new Date(0)];
const anywhen = fc.date({
  min: new Date('1000-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** DB-14: an instant is the same one after the database, wherever the process is. */
describe('DB-14 time', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  const instants = [...FOLD, ...GAP, ...FAR, ...fc.sample(anywhen, 200)];
  const rows: Instant[] = instants.map((at, id) => ({ id, at }));

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE instants (id INT PRIMARY KEY, at DATETIME(6) NOT NULL)');
    db = await openSessions(database.url, { entities: [INSTANT] as EntitySchema[] });
  });
  beforeEach(() => database.pool.query('DELETE FROM instants'));
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const table = (session?: DbSession) => new Tables(db.sessions).of<Instant>('instants', session);
  const utc = (at: Date): string => `${at.toISOString().slice(0, -1).replace('T', ' ')}000`;

  const writers: readonly (readonly [string, (session: DbSession) => Promise<unknown>])[] = [
    [
      'execute',
      (session) =>
        session.executeMany(
          'INSERT INTO instants VALUES (:id, :at)',
          rows.map((row) => ({ ...row })),
        ),
    ],
    ['table.insertMany', (session) => table(session).insertMany(rows)],
    ['a repository', ({ manager }) => manager.getRepository(INSTANT).insert(rows.map((row) => ({ ...row })))],
  ];
  it.each(writers)('%s stores instants of nine thousand years in UTC', async (_way, write) => {
    await db.sessions.run(write);
    const stored = await database.rows<{ at: string }>('SELECT CAST(at AS CHAR) AS at FROM instants ORDER BY id');
    expect(stored.map(({ at }) => at)).toEqual(instants.map(utc));
  });

  const SELECT = 'SELECT id, at FROM instants ORDER BY id';
  const readers: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['fetchAll', () => db.sessions.run((session) => session.fetchAll(SELECT))],
    [
      'a repository',
      () => db.sessions.run(({ manager }) => manager.getRepository(INSTANT).find({ order: { id: 'ASC' } })),
    ],
    [
      'the text protocol',
      () => db.sessions.connection(async ({ raw }) => (await raw.promise().query<RowDataPacket[]>(SELECT))[0]),
    ],
    [
      'the binary protocol',
      () => db.sessions.connection(async ({ raw }) => (await raw.promise().execute<RowDataPacket[]>(SELECT))[0]),
    ],
  ];
  it.each(readers)('%s reads them as the same instants', async (_way, read) => {
    await table().insertMany(rows);
    expect(await read()).toEqual(rows);
  });

  it('finds each of them by itself', async () => {
    await table().insertMany(rows);
    const found = await Promise.all(FOLD.map((at) => table().findMany({ where: { at } })));
    expect(found).toEqual(FOLD.map((at, id) => [{ id, at }]));
  });

  it('keeps microseconds that are given as text, seven tenths of a second among them', async () => {
    const micros = fc.sample(fc.tuple(anywhen, fc.integer({ min: 0, max: 999_999 })), 200);
    const texts = ['2026-11-01 01:30:00.700000', '2026-11-01 01:30:00.699999'].concat(
      micros.map(([at, micro]) => `${utc(at).slice(0, 19)}.${pad(micro, 6)}`),
    );
    await table().insertMany(texts.map((at, id) => ({ id, at: at as never })));
    const read = 'SELECT CAST(at AS CHAR) AS text, at FROM instants ORDER BY id';
    const found = await db.sessions.run((session) => session.fetchAll<{ text: string; at: Date }>(read));
    expect(found.map(({ text }) => text)).toEqual(texts);
    expect(found[0]?.at).toEqual(new Date('2026-11-01T01:30:00.700Z'));
  });

  const read = async (zone: string): Promise<InstantsRead> => {
    const given = JSON.stringify(instants.map((at) => at.getTime()));
    const worker = await WorkerProcess.spawn(compiledProgram('db/programs/instants'), {
      args: [database.url, given],
      env: { TZ: zone },
    });
    const isAnswer = (message: unknown): message is InstantsRead => typeof message === 'object' && message !== null;
    const answer = await worker.message(isAnswer, `the instants read in ${zone}`);
    await worker.success();
    return answer;
  };
  const ms = (dates: readonly Date[]): number[] => dates.map((date) => date.getTime());

  it.each([
    ['America/New_York', 240],
    ['Asia/Kolkata', -330],
    ['UTC', 0],
  ])('holds in a process in %s, on both protocols', async (zone, offset) => {
    const found = await read(zone);
    expect(found).toMatchObject({ offset, text: ms(instants), binary: ms(instants), stored: instants.map(utc) });
  });

  it('control: plain mysql2 makes one instant of two where a clock is put back', async () => {
    const { plain } = await read('America/New_York');
    expect(plain[0]).toBe(plain[1]);
    expect(ms(FOLD)).toContain(plain[0]);
  });
});
