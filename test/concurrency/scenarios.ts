import type { DbSession } from '@safesync/db';
import type { Contender } from './contender.js';

/** Where the contenders meet: one row of `counters` and one advisory key, both named after the test. */
export interface Arena {
  readonly id: string;
  /** Operations of each contender. */
  readonly ops: number;
}

/** What one contender does. Only the final state of the database is judged. */
export type Scenario = (db: Contender, arena: Arena) => Promise<void>;

/** Tables of the arenas; `counters` gets one row for each. */
export const ARENA_TABLES = [
  'CREATE TABLE counters (id VARCHAR(64) PRIMARY KEY, value BIGINT NOT NULL DEFAULT 0, version BIGINT NOT NULL DEFAULT 0)',
  'CREATE TABLE effects (id VARCHAR(64) PRIMARY KEY)',
];

const PATIENCE_MS = 60_000;

/** Contenders queue for a row longer than the default allows. */
export const CONTENDER_DEFAULTS = { defaults: { lockWaitMs: 30_000 } };

interface Counter extends Record<string, unknown> {
  value: string;
  version: string;
}

function read(session: DbSession, { id }: Arena): Promise<Counter | null> {
  return session.fetchOne<Counter>('SELECT value, version FROM counters WHERE id = :id', { id });
}

async function write(session: DbSession, { id }: Arena, value: bigint): Promise<void> {
  await session.execute('UPDATE counters SET value = :value WHERE id = :id', { id, value });
}

async function readAndWrite(session: DbSession, arena: Arena): Promise<void> {
  const counter = await read(session, arena);
  await write(session, arena, BigInt(counter?.value ?? 0) + 1n);
}

async function lockAndWrite({ rowLocks }: Contender, session: DbSession, arena: Arena): Promise<void> {
  const counter = await rowLocks.lock<Counter>(session, 'counters', { id: arena.id });
  await write(session, arena, BigInt(counter?.value ?? 0) + 1n);
}

async function repeat(ops: number, once: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < ops; done += 1) await once();
}

const rowLock: Scenario = (db, arena) =>
  repeat(arena.ops, () => db.sessions.run((session) => lockAndWrite(db, session, arena)));

const advisoryLock: Scenario = (db, arena) =>
  repeat(arena.ops, () =>
    db.advisoryLocks.run(arena.id, { timeoutMs: PATIENCE_MS }, (session) => readAndWrite(session, arena)),
  );

const advisoryAndRowLock: Scenario = (db, arena) =>
  repeat(arena.ops, () =>
    db.advisoryLocks.run(arena.id, { timeoutMs: PATIENCE_MS }, (session) => lockAndWrite(db, session, arena)),
  );

const atomicUpdate: Scenario = (db, { id, ops }) =>
  repeat(ops, () =>
    db.sessions.run((session) => session.execute('UPDATE counters SET value = value + 1 WHERE id = :id', { id })),
  );

function change({ id }: Arena, { value, version }: Counter) {
  const updates = { value: BigInt(value) + 1n };
  return {
    table: 'counters',
    idColumn: 'id',
    idValue: id,
    versionColumn: 'version',
    versionValue: version,
    updates,
  };
}

const optimisticUpdate: Scenario = (db, arena) => {
  const attempt = async (session: DbSession): Promise<number> => {
    const counter = (await read(session, arena)) as Counter;
    return db.optimistic.update(session, change(arena, counter));
  };
  const patience = { attempts: 100_000, budgetMs: PATIENCE_MS, backoff: { baseMs: 2, maxMs: 40 } };
  return repeat(arena.ops, () => db.optimistic.retry(attempt, patience));
};

const idempotentInsert: Scenario = (db, { id, ops }) =>
  repeat(ops, () => db.sessions.run((session) => db.inserts.insert(session, 'effects', { id }, { onKey: 'PRIMARY' })));

/** Negative control: what the others are for. */
const unguarded: Scenario = (db, arena) =>
  repeat(arena.ops, () => db.sessions.run((session) => readAndWrite(session, arena)));

/** Negative control: a conflict that nobody looks at. */
const ignoredConflicts: Scenario = (db, arena) =>
  repeat(arena.ops, () =>
    db.sessions.run(async (session) => {
      const counter = (await read(session, arena)) as Counter;
      await db.optimistic.update(session, change(arena, counter));
    }),
  );

export const SCENARIOS = {
  rowLock,
  advisoryLock,
  advisoryAndRowLock,
  atomicUpdate,
  optimisticUpdate,
  idempotentInsert,
  unguarded,
  ignoredConflicts,
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
