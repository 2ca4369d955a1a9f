import type { BenchPlace, Run, RunOrder } from '../benchmarks/benchmark.js';
import { COSTS, costsOf, ServerMeter } from '../counters/server-meter.js';
import type { Drained } from './drain-meter.js';
import { type DrainOrder, POLLS } from './transfer-host.js';
import { type TransferContender, type TransferScene, withTransfers } from './transfer-scene.js';

export type { TransferContender } from './transfer-scene.js';

/** The figures of `runTransfers`. */
export const TRANSFER_FIGURES = [
  { key: 'messagesPerSecond', title: 'messages/s', digits: 0, compared: true },
  ...COSTS,
];

type Scene = TransferScene<DrainOrder, Drained>;

/**
 * Runs one contender once, and rejects unless every transfer had its effect exactly once. As many messages as are measured
 * go before them, unmeasured, until the code is compiled.
 */
export function runTransfers(run: RunOrder<TransferContender>, place: BenchPlace): Promise<Run> {
  return withTransfers(run, place, 'transfer/transfer-host.js', async (scene: Scene) => {
    await scene.world.prepare(run.size);
    await scene.contender.perform({ expect: run.size }, async () => void (await scene.world.release()));
    return measure(scene, run, place);
  });
}

async function measure(
  { contender, world }: Scene,
  { size, contender: { insideScripts, channel = 'stream' } }: RunOrder<TransferContender>,
  place: BenchPlace,
): Promise<Run> {
  await world.prepare(size);
  const meter = await ServerMeter.begin(place);
  let released = {};
  const drained = await contender.perform({ expect: size }, async () => {
    released = await world.release();
    meter.restartCpu(); // what publishing cost is not the contender's
  });
  const own = { ...released, [POLLS[channel]]: drained.polls };
  const costs = costsOf(await meter.end(), { units: size, cpuUs: drained.cpuUs, own, insideScripts });
  return { ...costs, figures: { messagesPerSecond: (size * 1_000) / drained.elapsedMs, ...costs.figures } };
}
