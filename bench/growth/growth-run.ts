import { setTimeout as pause } from 'node:timers/promises';
import type { BenchPlace, Contender, Run, RunOrder } from '../benchmarks/benchmark.js';
import { ContenderProcess } from '../process/contender-process.js';
import type { Lap } from '../process/stopwatch.js';
import { Ledger } from '../transfer/ledger.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';
import { Backlog, GROUP } from './backlog.js';
import type { HandleOrder } from './growth-host.js';
import { growthOf, whileWatched } from './resident-memory.js';

const HOST = 'growth/growth-host.js';
const KILLED = 'killed';
const MAX_WARM_UP = 10_000;
const SETTLE_MS = 10_000;

/** One and the same worker in different surroundings. */
export interface Situation extends Contender {
  /** Messages that wait behind the timed ones. */
  readonly backlog?: number;
  /** Messages that other consumers, alive, hold meanwhile. */
  readonly pending?: number;
  /** The timed ones are those of a killed consumer. */
  readonly isRecovery?: boolean;
}

export async function runSituation(order: RunOrder<Situation>, place: BenchPlace): Promise<Run> {
  const { contender, case: circumstance, size } = order;
  const backlog = new Backlog(place.redis, `${place.keyPrefix}growth`);
  const ledger = new Ledger(place.pool);
  const warmUp = Math.min(size, MAX_WARM_UP);
  await ledger.reset();
  await arrange(backlog, contender, size, warmUp);
  const { mysqlUrl, redisUrl } = place;
  const { concurrency } = circumstance;
  const setup: TransferSetup = {
    mysqlUrl,
    redisUrl,
    channel: 'stream',
    stream: backlog.stream,
    group: GROUP,
    concurrency,
  };
  return ContenderProcess.lend<HandleOrder, Lap, Run>(order, HOST, setup, async (child) => {
    await child.perform({ count: warmUp });
    const { result, points } = await whileWatched(child.pid, () =>
      child.perform({ count: size }, async () => {
        if (contender.isRecovery) await backlog.expire(KILLED);
      }),
    );
    await settle(contender, ledger, backlog, warmUp + size);
    const rssMb = Math.max(...points.map(([, mb]) => mb));
    const speed = (size * 1_000) / result.elapsedMs;
    const figures = { speed, nodeUs: result.cpuUs / size, rssMb, rssGrowth: growthOf(points) };
    return { figures, watched: points };
  });
}

/** In the stream: what others hold, the warm-up and the timed messages, what waits behind them. */
async function arrange(
  backlog: Backlog,
  { backlog: behind = 0, pending = 0, isRecovery = false }: Situation,
  size: number,
  warmUp: number,
): Promise<void> {
  await backlog.reset();
  if (isRecovery) {
    await backlog.publish(size);
    await backlog.hold(KILLED, size);
    await backlog.publish(warmUp);
    return;
  }
  await backlog.publish(pending + warmUp + size + behind);
  await backlog.holdByOthers(pending);
}

/** Waits until the last commits and acknowledgements are there; rejects unless each message had its effect exactly once. */
async function settle({ title }: Situation, ledger: Ledger, backlog: Backlog, handled: number): Promise<void> {
  const endsAt = performance.now() + SETTLE_MS;
  for (;;) {
    const acknowledged = await backlog.acknowledged();
    const faults = await ledger.faults(handled);
    if (acknowledged !== handled) faults.push(`messages acknowledged: ${acknowledged} instead of ${handled}`);
    if (faults.length === 0) return;
    if (performance.now() > endsAt) throw new Error(`Invalid run with ${title}: ${faults.join('; ')}.`);
    await pause(20);
  }
}
