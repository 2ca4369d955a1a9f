import { sleep } from '@safesync/core';
import { eventually, WorkerCrew, type WorkerProcess } from '@safesync/testing';
import { type CaseRow, type FaultCase, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { POISONS } from '../kit/poison.js';
import { spawnWorker, startWorker } from '../kit/workers.js';

const CREW = 2;
const GOOD = 60;
const MAX_DELIVERIES = 4;
/** Whoever is silent for so long is killed, as the orchestrator does that watches a liveness probe. */
const SILENT_MS = 1_500;
const TOO_LARGE = 'is too large';
const TOO_MANY_BYTES = 17 * 1024 * 1024;

/** Messages that no handler survives, among good ones. */
export const poison: FaultCase = {
  name: 'poison',
  title: 'messages that throw, hang, exhaust or kill whoever handles them, among good ones',
  run: async (run) => {
    const kinds = [...POISONS, TOO_LARGE].map((name) => ({ name }));
    const rows = rowsOf(run, kinds, ({ name }) => run.lanes.run(() => poisoned(name)));
    return [...(await rows), await neverGivenUp()];
  },
};

async function poisoned(kind: string): Promise<CaseRow> {
  const world = await FaultWorld.open(true);
  const stream = await world.stream();
  const handler = world.handler(stream, { maxDeliveries: MAX_DELIVERIES, retry: { baseMs: 20, maxMs: 100 } });
  await world.publish(stream, GOOD / 2);
  if (kind === TOO_LARGE) await world.publishBad(stream, 1, TOO_MANY_BYTES);
  else await world.publish(stream, 1, kind);
  await world.publish(stream, GOOD / 2);
  const startedAt = performance.now();
  const nodeArgs = kind === 'needs all memory' ? ['--max-old-space-size=96'] : [];
  const crew = await WorkerCrew.start(CREW, () => spawnWorker(world.settings(stream, { handler }), nodeArgs));
  const over = new AbortController();
  const watching = killTheSilent(crew, over.signal);
  crew.keep();
  try {
    await world.settled(stream, 90_000);
    const recoveries = [performance.now() - startedAt];
    const letters = await world.deadLetters(stream);
    const faults = letters.length === 1 ? [] : [`${letters.length} dead letters`];
    return rowOf(kind, await world.audit(), { messages: world.published, kills: crew.replaced, recoveries, faults });
  } finally {
    over.abort();
    await watching;
    await crew.stop();
    await world.close();
  }
}

/** Without an end to deliveries the poison stays. */
async function neverGivenUp(): Promise<CaseRow> {
  const world = await FaultWorld.open(true);
  const stream = await world.stream();
  const handler = world.handler(stream, { maxDeliveries: 100 * MAX_DELIVERIES, retry: { baseMs: 20, maxMs: 100 } });
  await world.publish(stream, 1, 'throws an error');
  await world.publish(stream, GOOD);
  const worker = await startWorker(world.settings(stream, { handler }));
  try {
    const isTried = async (): Promise<boolean> => (await world.mostDeliveries(stream)) > MAX_DELIVERIES;
    await eventually(isTried, { what: 'more deliveries than there would be', withinMs: 20_000 });
    const counts = { control: 'pending' as const, messages: world.published };
    return rowOf('control: delivered for ever', await world.audit(), counts);
  } finally {
    await worker.kill();
    await world.close();
  }
}

async function killTheSilent(crew: WorkerCrew, signal: AbortSignal): Promise<void> {
  const heard = new Map<WorkerProcess, { count: number; at: number }>();
  for (; !signal.aborted; await sleep(50, signal)) {
    for (let index = 0; index < crew.size; index++) {
      const worker = await crew.member(index);
      const before = heard.get(worker);
      const count = worker.messages.length;
      if (before === undefined || before.count !== count) heard.set(worker, { count, at: performance.now() });
      else if (count > 0 && worker.isRunning && performance.now() - before.at > SILENT_MS) await worker.kill();
    }
  }
}
