import type { RowDataPacket } from 'mysql2/promise';
import type { BenchPlace, Run, RunOrder } from '../benchmarks/benchmark.js';
import { COSTS, costsOf, ServerMeter } from '../counters/server-meter.js';
import { ContenderProcess } from '../process/contender-process.js';
import type { Lap } from '../process/stopwatch.js';
import { Ledger } from '../transfer/ledger.js';
import { OPENING_BALANCE } from '../transfer/transfer.js';
import { changesByAccount } from './lanes.js';
import type { SessionSetup } from './session-contender.js';
import type { SessionOrder } from './session-host.js';

/** The figures of `runSessions`. */
export const SESSION_FIGURES = [
  { key: 'sessionsPerSecond', title: 'sessions/s', digits: 0, compared: true },
  ...COSTS.filter(({ key }) => !['redisUs', 'commands'].includes(key)),
];

/** Runs one contender once: as many sessions unmeasured as measured. Rejects unless every account has changed as often as it had to. */
export async function runSessions(run: RunOrder, place: BenchPlace): Promise<Run> {
  const { concurrency } = run.case;
  await new Ledger(place.pool).reset();
  const setup: SessionSetup = { mysqlUrl: place.mysqlUrl, concurrency };
  const result = await ContenderProcess.lend<SessionOrder, Lap, Run>(
    run,
    'session/session-host.js',
    setup,
    async (contender) => {
      await contender.perform({ sessions: run.size });
      const meter = await ServerMeter.begin(place);
      const { elapsedMs, cpuUs } = await contender.perform({ sessions: run.size });
      const costs = costsOf(await meter.end(), { units: run.size, cpuUs });
      return { ...costs, figures: { sessionsPerSecond: (run.size * 1_000) / elapsedMs, ...costs.figures } };
    },
  );
  const wrong = await wrongAccounts(place, changesByAccount(concurrency, run.size));
  if (wrong > 0)
    throw new Error(`Invalid run of ${run.contender.title}: ${wrong} accounts differ from their sessions.`);
  return result;
}

/** Accounts that have not changed exactly twice as often as one half of the run changes them. */
export async function wrongAccounts(
  { pool }: Pick<BenchPlace, 'pool'>,
  half: ReadonlyMap<number, number>,
): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT id, balance FROM accounts');
  return rows.filter(({ id, balance }) => balance !== OPENING_BALANCE + 2 * (half.get(id as number) ?? 0)).length;
}
