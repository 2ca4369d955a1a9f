import type { BenchPlace, Contender, Run, RunOrder } from '../benchmarks/benchmark.js';
import { costsOf, ServerMeter } from '../counters/server-meter.js';
import { ContenderProcess } from '../process/contender-process.js';
import type { Lap } from '../process/stopwatch.js';
import type { PublishSetup, Work } from './publish-contender.js';
import type { PublishOrder } from './publish-host.js';
import { faultOf, PublishWorld } from './publish-world.js';

const HOST = 'publish/publish-host.js';
const POLLS = 'xlen';

export interface Publisher extends Contender {
  /** Where its messages are after each work. */
  readonly publishesTo: (work: Work) => readonly Place[];
  readonly insideScripts?: readonly string[];
}

/** A place where each message has to be exactly once. */
export type Place = 'inStream' | 'inQueue' | 'inOutbox' | 'recorded';

/** As many messages before the measured ones, until the code is compiled. */
export async function runPublisher(order: RunOrder<Publisher>, place: BenchPlace): Promise<Run> {
  const { contender, case: circumstance, size } = order;
  const world = new PublishWorld(place);
  await world.reset();
  const work = circumstance.key as Work;
  const { mysqlUrl, redisUrl } = place;
  const { concurrency } = circumstance;
  const setup: PublishSetup = { mysqlUrl, redisUrl, stream: world.stream, work, concurrency };
  const run = await ContenderProcess.lend<PublishOrder, Lap, Run>(order, HOST, setup, async (child) => {
    const warmUp = { first: 1, count: size };
    await child.perform({ step: 'prepare', ...warmUp });
    await child.perform({ step: 'publish', ...warmUp });
    return measure(child, order, place);
  });
  for (const where of contender.publishesTo(work)) {
    const fault = faultOf(await world[where](), 2 * size);
    if (fault) throw new Error(`Invalid run of ${contender.title}: ${where}: ${fault}.`);
  }
  return run;
}

async function measure(
  child: ContenderProcess<PublishOrder, Lap>,
  { contender, size }: RunOrder<Publisher>,
  place: BenchPlace,
): Promise<Run> {
  const measured = { first: size + 1, count: size };
  await child.perform({ step: 'prepare', ...measured });
  const meter = await ServerMeter.begin(place);
  const { elapsedMs, cpuUs } = await child.perform({ step: 'publish', ...measured });
  const use = await meter.end();
  const own = { [POLLS]: use.redis[POLLS] ?? 0 };
  const costs = costsOf(use, { units: size, cpuUs, own, insideScripts: contender.insideScripts });
  return { ...costs, figures: { speed: (size * 1_000) / elapsedMs, ...costs.figures } };
}
