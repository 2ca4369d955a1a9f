import { ProcessKiller, WorkerCrew } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { createWritten, writtenNumbers } from '../kit/outbox-writer.js';
import { publishedEntries, streamFaults } from '../kit/published-entries.js';
import { Survivor } from '../kit/survivor.js';
import { untilDoubled } from '../kit/until-doubled.js';
import { startWorker } from '../kit/workers.js';

const CREW = 3;
/** Kills after which a control has to have gone wrong. */
const MOST_FOR_CONTROL = 100;
const EVERY_MS = [250, 750] as const;
/** A flow makes some twenty transactions a second: what a crew commits its handlers have to be able to do. */
const REST_MS = 50;
const ENDLESS = 1_000_000;

/** Processes that commit, relay and handle die by SIGKILL wherever chance finds them, and are started again. */
export const outboxKills: FaultCase = {
  name: 'outbox-kills',
  title: 'kill -9 by chance of those that commit, relay and handle; a third of the transactions is rolled back',
  run: async ({ figures }) => [await killed(figures, true), await killed(figures, false)],
};

async function killed(figures: FaultFigures, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  await createWritten(world.database);
  const stream = await world.stream();
  let started = 0;
  const crew = await WorkerCrew.start(CREW, () => {
    const seed = figures.seed + ++started;
    const writes = { transactions: ENDLESS, seed, restMs: REST_MS, through: 'outbox' } as const;
    return startWorker(world.settings(stream, { relays: true, writes }));
  });
  try {
    const killer = new ProcessKiller(crew, { seed: figures.seed, everyMs: EVERY_MS });
    const enough = new AbortController();
    const looking = exactlyOnce ? undefined : untilDoubled(world, enough);
    const { kills } = await killer.run(exactlyOnce ? figures.kills : MOST_FOR_CONTROL, enough.signal);
    enough.abort();
    await looking;
    await crew.stop();
    const recoveries = [await finish(world, stream)];
    const what = exactlyOnce ? `${CREW} processes` : 'control: no inbox';
    return await audited(world, stream, what, { kills, recoveries, control: exactlyOnce ? undefined : 'doubled' });
  } finally {
    await crew.stop();
    await world.close();
  }
}

/** Has what is left relayed and handled; how long that took, in ms. */
async function finish(world: FaultWorld, stream: string): Promise<number> {
  const startedAt = performance.now();
  const survivor = await Survivor.boot(world, stream, { relays: true });
  try {
    await world.outboxSettled(stream);
    await world.settled(stream);
    return performance.now() - startedAt;
  } finally {
    await survivor.close();
  }
}

async function audited(
  world: FaultWorld,
  stream: string,
  what: string,
  counts: Pick<CaseRow, 'kills' | 'recoveries' | 'control'>,
): Promise<CaseRow> {
  const written = await writtenNumbers(world.database);
  world.adopt(written);
  const entries = await publishedEntries(world.redis.client, stream);
  return rowOf(what, await world.audit(), {
    ...counts,
    messages: written.length,
    note: `${entries.length - written.length} came again`,
    faults: streamFaults(entries, written),
  });
}
