import { NestFactory } from '@nestjs/core';
import { SeededRandom } from '@safesync/testing';
import { book, faultApplication } from '../kit/fault-application.js';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, lateness, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld, RECOVERY_MS } from '../kit/fault-world.js';
import { OUTBOX_POINTS, type OutboxPoint } from '../kit/outbox-points.js';
import { createWritten, writeTransactions, writtenNumbers } from '../kit/outbox-writer.js';
import { publishedEntries, streamFaults } from '../kit/published-entries.js';
import { Survivor } from '../kit/survivor.js';
import type { WriteSettings } from '../kit/worker-settings.js';
import { deathOf, startWorker } from '../kit/workers.js';

const TRANSACTIONS = 40;

/** A writer or a relay dies by SIGKILL at one point between a transaction and its stream; another relay finishes what it began. */
export const outboxPoints: FaultCase = {
  name: 'outbox-points',
  title: 'kill -9 at each point from a transaction to its stream',
  run: async (run) => {
    const rows = rowsOf(run, OUTBOX_POINTS, (point) => killedAt(point, run, 'outbox'));
    const committed = OUTBOX_POINTS.find(({ name }) => name === 'the writer, after COMMIT') as OutboxPoint;
    return [...(await rows), await killedAt(committed, run, 'after commit')];
  },
};

/** With the outbox nothing may go wrong; published after the commit, what was committed last is lost. */
async function killedAt(point: OutboxPoint, run: FaultRun, through: WriteSettings['through']): Promise<CaseRow> {
  const world = await FaultWorld.open(true);
  const isControl = through !== 'outbox';
  const { seeds } = run.figures;
  try {
    await createWritten(world.database);
    const outcomes = await forSeeds(run, (seed) => killOnce(world, point, seed, through));
    world.adopt(await writtenNumbers(world.database));
    const recoveries = outcomes.map(({ recoveryMs }) => recoveryMs);
    const again = outcomes.reduce((sum, outcome) => sum + outcome.again, 0);
    return rowOf(isControl ? `control: ${point.name}, no outbox` : point.name, await world.audit(), {
      control: isControl ? 'lost' : undefined,
      seeds,
      kills: seeds,
      messages: world.published,
      recoveries,
      note: `${again} came again`,
      faults: [
        ...outcomes.flatMap((outcome) => outcome.faults),
        ...lateness(run.figures, recoveries, RECOVERY_MS),
        ...(again > 0 === (point.comesAgain ?? false) ? [] : [`${again} came again`]),
      ],
    });
  } finally {
    await world.close();
  }
}

interface Outcome {
  readonly recoveryMs: number;
  /** Entries that are in the stream a second time. */
  readonly again: number;
  /** Of the stream. */
  readonly faults: readonly string[];
}

async function killOnce(
  world: FaultWorld,
  point: OutboxPoint,
  seed: number,
  through: WriteSettings['through'],
): Promise<Outcome> {
  const { name, role, nth, comesAgain: _, ...place } = point;
  const stream = await world.stream();
  const writes = { transactions: TRANSACTIONS, seed, through };
  if (role === 'relay') await writeNow(world, stream, writes);
  const nthNow = new SeededRandom(seed).int(...nth);
  const part = role === 'relay' ? { relays: true } : { writes };
  const dying = { ...place, nth: nthNow, action: 'kill' } as const;
  const worker = await startWorker(world.settings(stream, { handles: false, ...part, point: dying }));
  await deathOf(worker, `${name}, number ${nthNow} (seed ${seed})`);
  const diedAt = performance.now();
  const survivor = await Survivor.boot(world, stream, { relays: true });
  try {
    await world.outboxSettled(stream);
    await world.settled(stream);
    const recoveryMs = performance.now() - diedAt;
    const entries = await publishedEntries(world.redis.client, stream);
    const faults = streamFaults(entries, await writtenNumbers(world.database, stream));
    return { recoveryMs, again: entries.length - new Set(entries.map(({ n }) => n)).size, faults };
  } finally {
    await survivor.close();
  }
}

/** Fills the outbox by a process that does not relay. */
async function writeNow(world: FaultWorld, stream: string, writes: WriteSettings): Promise<void> {
  const application = faultApplication(world.settings(stream, { handles: false }), book);
  const app = await NestFactory.createApplicationContext(application, { logger: false });
  try {
    await writeTransactions(app, stream, writes);
  } finally {
    await app.close();
  }
}
