import { eventually, type WorkerProcess } from '@safesync/testing';
import { createMigratedDatabase } from '../../db/migrated-database.js';
import type { TestDatabase } from '../../support/mysql.js';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, rowsOf } from '../kit/fault-case.js';
import {
  acceptedWrites,
  advisoryLockOf,
  createResource,
  type Guard,
  type LockReport,
  type LockSettings,
  overlaps,
  type PausePoint,
  WRITES,
} from '../kit/guarded-resource.js';
import { atPoint, spawnProgram } from '../kit/workers.js';

/** Over soon after its holder has stopped. */
const SHORT_MS = 400;
/** Longer than the second holder needs, whatever else the machine does. */
const LONG_MS = 60_000;

/** Many times what it takes to get a lease that is free. */
const WHILE_MS = 1_000;

interface Pause {
  readonly name: string;
  readonly guard: Guard;
  readonly pause: PausePoint;
  /** True where nobody else gets the lock, its lease being over: the holder is past the check that it has it. */
  readonly keepsLock?: true;
}

const PAUSES: readonly Pause[] = [
  { name: 'a fenced write', guard: 'fence', pause: { before: 'write', nth: 2 } },
  { name: 'a write in the session of the lease', guard: 'session', pause: { before: 'write', nth: 1 } },
  { name: 'COMMIT of that session', guard: 'session', pause: { before: 'COMMIT', nth: WRITES }, keepsLock: true },
  { name: 'a write in the session of an advisory lock', guard: 'advisory', pause: { before: 'write', nth: 1 } },
];
const CONTROL: Pause = { name: 'control: a write without a fence', guard: 'none', pause: { before: 'write', nth: 2 } };

/** The holder of a lock is stopped by SIGSTOP until its lease is over and another has the lock; then it goes on where it was. */
export const pausedLocks: FaultCase = {
  name: 'paused-locks',
  title: 'SIGSTOP of the holder of a lock until another has it: writes of two holders never overlap',
  run: async (run) => [
    ...(await rowsOf(run, PAUSES, (pause) => pausedAt(pause, run))),
    { ...(await pausedAt(CONTROL, run)), control: 'doubled' },
  ],
};

async function pausedAt(pause: Pause, run: FaultRun): Promise<CaseRow> {
  const outcomes = await forSeeds(run, () => pauseOnce(pause));
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const [lost, doubled] = [sum((one) => one.lost), sum((one) => one.overlaps)];
  const misled = outcomes.filter(({ ended }) => (ended === 'ok') !== (pause.keepsLock ?? false)).length;
  const counts: readonly (readonly [number, string])[] = [
    [lost, 'writes lost of holders that were told that all is well'],
    [doubled, 'writes accepted of a holder that was no longer'],
    [misled, 'first holders told what is not so'],
  ];
  return {
    what: pause.name,
    seeds: run.figures.seeds,
    kills: 0,
    messages: sum(({ accepted }) => accepted),
    lost,
    doubled,
    pending: 0,
    recoveries: [],
    note: [...new Set(outcomes.map(({ ended }) => ended))].join(', '),
    faults: counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
  };
}

interface Outcome {
  readonly accepted: number;
  readonly overlaps: number;
  /** Of the writes of those who were told that all is well. */
  readonly lost: number;
  /** What the first holder was told when it went on. */
  readonly ended: string;
}

async function pauseOnce({ name, guard, pause, keepsLock }: Pause): Promise<Outcome> {
  const database = await createMigratedDatabase();
  await createResource(database);
  const settings: LockSettings = { databaseUrl: database.url, holder: 1, guard, ttlMs: SHORT_MS, pause };
  const first = await spawnProgram(PROGRAM, settings);
  let second: WorkerProcess | undefined;
  try {
    await atPoint(first, `before ${name}`);
    // such a lock lasts as long as its connection, which the server ends in the end
    if (guard === 'advisory') await endHolder(database);
    second = await spawnProgram(PROGRAM, { databaseUrl: database.url, holder: 2, guard, ttlMs: LONG_MS });
    const early = keepsLock ? await getsLock(database, second) : await endOf(second).then(() => false);
    first.signal('SIGCONT');
    const { ended: end } = await endOf(first);
    await endOf(second);
    const writes = await acceptedWrites(database);
    const lost = (holder: number): number => WRITES - writes.filter((write) => write.holder === holder).length;
    return {
      accepted: writes.length,
      overlaps: overlaps(writes) + (early ? 1 : 0),
      lost: lost(2) + (end === 'ok' ? lost(1) : 0),
      ended: end,
    };
  } finally {
    await Promise.all([first.kill(), second?.kill()]);
    await database.drop();
  }
}

const PROGRAM = 'lock-worker';

function endOf(worker: WorkerProcess): Promise<{ ended: string }> {
  const isIt = (report: unknown): report is LockReport & { ended: string } => 'ended' in (report as object);
  return worker.message(isIt, 'the end', 60_000);
}

/** Whether the second holder gets the lock while the first stands still, the lease being over, within a while. */
async function getsLock(database: TestDatabase, second: WorkerProcess): Promise<boolean> {
  await told(second, 'asks', 60_000);
  const sql = 'SELECT name FROM safesync_lease WHERE expires_at < UTC_TIMESTAMP(6)';
  await eventually(async () => (await database.rows(sql)).length > 0, { what: 'the lease is over' });
  return told(second, 'holds', WHILE_MS).then(
    () => true,
    () => false,
  );
}

async function told(worker: WorkerProcess, what: 'asks' | 'holds', withinMs: number): Promise<void> {
  await worker.message((report): report is LockReport => what in (report as object), what, withinMs);
}

/** That which has the lock, and no other: writes over another would go on. */
async function endHolder(database: TestDatabase): Promise<void> {
  const [lock] = await database.rows<{ id: string }>('SELECT IS_USED_LOCK(?) AS id', [advisoryLockOf(database.url)]);
  await database.pool.query(`KILL ${String(lock?.id)}`);
}
