import { setTimeout as pause } from 'node:timers/promises';
import type { BenchPlace, Run, RunOrder } from '../benchmarks/benchmark.js';
import { costsOf, ServerMeter } from '../counters/server-meter.js';
import { quantile } from '../report/statistics.js';
import { type TransferContender, type TransferScene, withTransfers } from '../transfer/transfer-scene.js';
import type { LatencyNotes, LatencyOrder } from './latency-host.js';
import { sharedMicroseconds } from './moment.js';
import type { OpenPublisher, Publisher } from './publisher.js';

export interface LatencyContender extends TransferContender {
  readonly publisher: OpenPublisher;
}

/** The case in which nothing is published. */
export const IDLE = { key: 'idle', title: 'no messages, for as long as they would take', concurrency: 8 };
export const STEADY = { key: 'steady', title: '100 messages a second', concurrency: 8 };

export const LATENCY_FIGURES = [
  { key: 'p50', title: 'p50 ms', digits: 2, compared: true },
  { key: 'p99', title: 'p99 ms', digits: 2, compared: true },
  { key: 'commandsPerSecond', title: 'Redis commands/s', digits: 2 },
  { key: 'cpuPercent', title: 'CPU %', digits: 2 },
];

const GAP_MS = 10;

type Scene = TransferScene<LatencyOrder, LatencyNotes>;

/**
 * Runs one contender once: as many messages as are measured go before, one after the other as fast as they can be
 * published, until the code is compiled. Then messages at a steady rate, or as long without any.
 */
export function runLatency(run: RunOrder<LatencyContender>, place: BenchPlace): Promise<Run> {
  return withTransfers(run, place, 'latency/latency-host.js', async (scene: Scene) => {
    const publisher = run.contender.publisher(place, scene.stream);
    try {
      await scene.contender.perform(
        { expect: run.size },
        async () => void (await publishAll(run.size, scene, publisher)),
      );
      return await (run.case.key === IDLE.key ? idle(run, scene, place) : steady(run, scene, publisher));
    } finally {
      await publisher.close();
    }
  });
}

/** Milliseconds from the call that publishes to the handler's first statement. */
async function steady({ size }: RunOrder, scene: Scene, publisher: Publisher): Promise<Run> {
  let published: ReadonlyMap<number, number> = new Map();
  const { starts } = await scene.contender.perform({ expect: size }, async () => {
    published = await publishAll(size, scene, publisher, GAP_MS);
  });
  const ms = starts.map(([id, at]) => (at - (published.get(id) ?? Number.NaN)) / 1_000);
  return { figures: { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) } };
}

/** Publishes one message after the other, never two within `gapMs`; returns when each was published. */
async function publishAll(
  count: number,
  { world }: Scene,
  publisher: Publisher,
  gapMs = 0,
): Promise<ReadonlyMap<number, number>> {
  const published = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const transfer = world.next();
    const gap = gapMs === 0 ? undefined : pause(gapMs);
    published.set(transfer.id, sharedMicroseconds());
    await publisher.publish(transfer);
    await gap;
  }
  return published;
}

async function idle(
  { size, contender: { insideScripts } }: RunOrder<LatencyContender>,
  { contender }: Scene,
  place: BenchPlace,
): Promise<Run> {
  const meter = await ServerMeter.begin(place);
  const { elapsedMs, cpuUs } = await contender.perform({ idleMs: size * GAP_MS });
  const costs = costsOf(await meter.end(), { units: elapsedMs / 1_000, cpuUs, insideScripts });
  const { commands, nodeUs = 0 } = costs.figures;
  return { ...costs, figures: { commandsPerSecond: commands, cpuPercent: nodeUs / 10_000 } };
}
