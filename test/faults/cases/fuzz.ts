import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditEffects, readHistory, SeededRandom } from '@safesync/testing';
import { type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { fuzzedFields } from '../kit/fuzz.js';
import { startWorker } from '../kit/workers.js';

const BATCH = 500;
const CONCURRENCY = 16;
const CONTROL_ENTRIES = 500;

/** Entries of every shape: each is handled or a dead letter, nobody dies of it, nothing stays. */
export const fuzz: FaultCase = {
  name: 'fuzz',
  title: 'malformed entries of every shape',
  run: async ({ figures }) => [await fuzzed(figures), await acknowledgedAnyway(figures)],
};

async function fuzzed(figures: FaultFigures): Promise<ReturnType<typeof rowOf>> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const historyFile = join(folder, 'history');
  const world = await FaultWorld.open(true);
  const stream = await world.stream();
  const handler = world.handler(stream, { concurrency: CONCURRENCY });
  const worker = await startWorker(world.settings(stream, { handler, effects: 'none', historyFile }));
  const startedAt = performance.now();
  try {
    const published = await publishFuzz(world, stream, figures.seed, figures.messages);
    await world.settled(stream, 60_000 + figures.messages * 5);
    const findings = auditEffects({
      published,
      effects: readHistory([historyFile]).map(({ key }) => key),
      deadLetters: await world.deadEntryIds(stream),
      unfinished: await world.unfinished(stream),
    });
    const faults = worker.isRunning ? [] : [`the worker ended: ${worker.lines.slice(-5).join(' | ')}`];
    const recoveries = [performance.now() - startedAt];
    return rowOf('fuzzed entries', findings, { messages: published.length, recoveries, faults });
  } finally {
    await worker.kill();
    await world.close();
    rmSync(folder, { recursive: true });
  }
}

/** A consumer as one writes it first: what cannot be parsed is acknowledged, so that it does not come again. */
async function acknowledgedAnyway({ seed }: FaultFigures): Promise<ReturnType<typeof rowOf>> {
  const world = await FaultWorld.open(false);
  const { client } = world.redis;
  try {
    const stream = await world.stream();
    const published = await publishFuzz(world, stream, seed, CONTROL_ENTRIES);
    const handled: string[] = [];
    const reply = await client.xreadgroup('GROUP', 'g', 'c', 'COUNT', CONTROL_ENTRIES, 'STREAMS', stream, '>');
    const [[, entries]] = reply as [[string, [string, string[]][]]];
    for (const [id, [, data = '']] of entries) {
      if (canParse(data)) handled.push(id);
      await client.xack(stream, 'g', id);
    }
    const findings = auditEffects({ published, effects: handled, unfinished: await world.unfinished(stream) });
    return rowOf('control: acknowledged anyway', findings, { control: 'lost', messages: published.length });
  } finally {
    await world.close();
  }
}

function canParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Ids of the entries. */
async function publishFuzz(world: FaultWorld, stream: string, seed: number, count: number): Promise<string[]> {
  const random = new SeededRandom(seed);
  const ids: string[] = [];
  while (ids.length < count) {
    const pipeline = world.redis.client.pipeline();
    const batch = Math.min(BATCH, count - ids.length);
    for (let n = 0; n < batch; n++) pipeline.call('XADD', stream, '*', ...fuzzedFields(random));
    const replies = (await pipeline.exec()) ?? [];
    ids.push(...replies.map(([, id]) => String(id)));
  }
  return ids;
}
