import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Failpoint,
  type FailpointOptions,
  failpoint,
  readHistory,
  type WireMoment,
  WorkerProcess,
} from '@safesync/testing';
import { Redis } from 'ioredis';
import { createConnection, createPool } from 'mysql2/promise';
import { compiledProgram } from '../support/compiled-program.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis, type TestRedis } from '../support/redis.js';
import type { FailingProgramSettings } from './programs/failing-program.js';

let database: TestDatabase;
let redis: TestRedis;
let folder: string;
const points: Failpoint[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  redis = createTestRedis();
  folder = mkdtempSync(join(tmpdir(), 'failpoint-'));
  await database.pool.query('CREATE TABLE kept (value VARCHAR(20))');
});
beforeEach(() => database.pool.query('DELETE FROM kept'));
afterEach(() => {
  for (const point of points.splice(0)) point.disarm();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis?.close();
  await database?.drop();
});

const arm = (options: FailpointOptions): Failpoint => {
  const point = failpoint(options);
  points.push(point);
  return point;
};
const kept = async (): Promise<string[]> =>
  (await database.rows<{ value: string }>('SELECT value FROM kept')).map(({ value }) => value);

describe('a process that is killed at a failpoint', () => {
  it.each<[FailingProgramSettings['driver'], WireMoment, string[]]>([
    ['mysql', 'before', ['first']],
    ['mysql', 'after', ['first', 'second']],
    ['redis', 'before', ['first']],
    ['redis', 'after', ['first', 'second']],
  ])('%s, %s: the server has what was sent, and the history all that was begun', async (driver, when, expected) => {
    const key = redis.key('kept');
    const historyFile = join(folder, `${driver}-${when}`);
    const settings: FailingProgramSettings = {
      driver,
      when,
      key,
      historyFile,
      databaseUrl: database.url,
      redisUrl: redis.url,
    };
    const program = compiledProgram('testing/programs/failing-program');
    const worker = await WorkerProcess.spawn(program, { args: [JSON.stringify(settings)] });
    expect((await worker.exit()).signal).toBe('SIGKILL');
    const values = ['first', 'second', 'third'];
    const inRedis = await redis.client.mget(values.map((value) => `${key}:${value}`));
    expect(driver === 'mysql' ? await kept() : inRedis.filter((value) => value !== null)).toEqual(expected);
    const told = readHistory([historyFile]).map(({ key: of, type }) => `${of} ${type}`);
    expect(told).toEqual(['first invoke', 'first ok', 'second invoke']);
  });
});

describe('a failpoint of mysql2', () => {
  it('waits for its function before the statement, and lets the next one alone', async () => {
    const seen: string[][] = [];
    arm({
      driver: 'mysql',
      matching: 'INSERT INTO kept',
      when: 'before',
      action: async () => {
        await Promise.resolve();
        seen.push(await kept());
      },
    });
    await database.pool.query("INSERT INTO kept VALUES ('a')");
    await database.pool.query("INSERT INTO kept VALUES ('b')");
    expect([seen, (await kept()).toSorted()]).toEqual([[[]], ['a', 'b']]);
  });

  it('after: runs when the work is done and nobody has been told', async () => {
    const seen: string[][] = [];
    let isTold = false;
    const look = async (): Promise<void> => {
      seen.push(await kept());
      expect(isTold).toBe(false);
    };
    arm({ driver: 'mysql', matching: /^INSERT/, when: 'after', action: look });
    await database.pool.query("INSERT INTO kept VALUES ('a')");
    isTold = true;
    expect(seen).toEqual([['a']]);
  });

  it.each<[WireMoment, 'at once' | 'later', string[]]>([
    ['before', 'at once', ['b']],
    ['before', 'later', ['b']],
    ['after', 'at once', ['a', 'b']],
    ['after', 'later', ['a', 'b']],
  ])('%s, thrown %s: the statement fails with it, and its connection goes on', async (when, how, expected) => {
    const connection = await createConnection(database.url);
    const action = (): Promise<void> => {
      if (how === 'at once') throw new Error('struck');
      return Promise.reject(new Error('struck'));
    };
    arm({ driver: 'mysql', matching: /^INSERT/, when, action });
    const failing = connection.query("INSERT INTO kept VALUES ('a')");
    const queued = connection.query("INSERT INTO kept VALUES ('b')");
    await expect(failing).rejects.toThrow('struck');
    await queued;
    expect((await kept()).toSorted()).toEqual(expected);
    await connection.end();
  });

  it.each<[WireMoment, string[]]>([
    ['before', []],
    ['after', ['a']],
  ])('%s, cut: the connection breaks there', async (when, expected) => {
    const pool = createPool({ uri: database.url, connectionLimit: 1 });
    arm({ driver: 'mysql', matching: /^INSERT/, when, action: 'cut' });
    const inserting = pool.query("INSERT INTO kept VALUES ('a')").then(
      () => 'done',
      () => 'failed',
    );
    // an answer that is here is passed on; the connection is gone all the same
    expect(await inserting).toBe(when === 'before' ? 'failed' : 'done');
    expect(await kept()).toEqual(expected);
    await pool.end();
  });

  it('counts what matches, hits the nth, and does not count a statement that failed as answered', async () => {
    const hit: string[] = [];
    const point = arm({ driver: 'mysql', matching: /kept/, when: 'after', nth: 2, action: () => void hit.push('hit') });
    await expect(database.pool.query('INSERT INTO kept VALUES (1, 2, 3)')).rejects.toThrow();
    await database.pool.query("INSERT INTO kept VALUES ('a')");
    expect([point.matches, point.wasHit]).toEqual([1, false]);
    await kept();
    expect([point.matches, point.wasHit, hit]).toEqual([2, true, ['hit']]);
  });

  it('is nothing when disarmed, and refuses an nth that is none', async () => {
    const point = arm({ driver: 'mysql', matching: /kept/, when: 'before', action: 'kill' });
    point.disarm();
    expect(await kept()).toEqual([]);
    expect(() => failpoint({ driver: 'mysql', matching: /x/, when: 'before', nth: 0, action: 'kill' })).toThrow('nth');
  });
});

describe('a failpoint of ioredis', () => {
  it('waits before and after, in the order of the wire', async () => {
    const key = redis.key('k');
    const seen: string[] = [];
    const other = new Redis(redis.url);
    const look = (when: string) => async (): Promise<void> => void seen.push(`${when}: ${await other.get(key)}`);
    arm({ driver: 'redis', matching: `SET ${key} v`, when: 'before', action: look('before') });
    arm({ driver: 'redis', matching: `SET ${key} v`, when: 'after', action: look('after') });
    expect(await redis.client.set(key, 'v')).toBe('OK');
    expect(seen).toEqual(['before: null', 'after: v']);
    other.disconnect();
  });

  it.each<[WireMoment, string | null]>([
    ['before', null],
    ['after', 'v'],
  ])('%s, thrown: the command fails with it', async (when, expected) => {
    const key = redis.key('k');
    const action = (): void => {
      throw new Error('struck');
    };
    arm({ driver: 'redis', matching: /^SET /, when, action });
    await expect(redis.client.set(key, 'v')).rejects.toThrow('struck');
    expect(await redis.client.get(key)).toBe(expected);
  });

  it('sees the commands of a pipeline', async () => {
    const key = redis.key('k');
    const point = arm({ driver: 'redis', matching: /^INCR /, when: 'after', nth: 2, action: () => undefined });
    expect(await redis.client.pipeline().incr(key).incr(key).incr(key).exec()).toEqual([1, 2, 3].map((n) => [null, n]));
    expect(point.wasHit).toBe(true);
  });
});
