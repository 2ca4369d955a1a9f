import { Deferred } from '@safesync/core';
import type { StreamHandlerOptions } from '@safesync/queue';
import { eventually, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';
import type { PrefetchReport, PrefetchWorkerSettings } from './programs/prefetch-worker.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const MEGABYTE = 1_048_576;
const large = JSON.stringify({ n: 1, text: 'x'.repeat(1_000_000) });

async function addLarge(count: number): Promise<void> {
  for (let added = 0; added < count; added += 20) {
    const pipeline = world.redis.client.pipeline();
    for (const _ of upTo(20)) pipeline.xadd(world.stream, '*', 'data', large);
    await pipeline.exec();
  }
}

/** Handlers that do not end before they are told, and how many entries the consumer holds meanwhile. */
async function heldWith(more: Partial<StreamHandlerOptions>): Promise<number> {
  const release = new Deferred();
  const options = { stream: world.stream, group: world.group, concurrency: 20, ...more };
  const app = await world.build(
    handlerOf(options, () => release.promise),
    { streams: [{ name: world.stream, maxPayloadBytes: 2_000_000 }], poolSize: 30 },
  );
  await app.init();
  let last = -1;
  // as many as are wanted have been read when many looks find the same number
  let same = 0;
  await eventually(
    async () => {
      const now = (await world.pending()).length;
      same = now === last && now > 0 ? same + 1 : 0;
      last = now;
      return same >= 25;
    },
    { what: 'the consumer has read what it wants', withinMs: 30_000 },
  );
  release.resolve();
  return last;
}

describe('Q-5 prefetch', () => {
  it('is bounded by bytes: no more than the budget and one read', async () => {
    await addLarge(60);
    const held = await heldWith({ prefetchBytes: 8 * MEGABYTE });
    expect(held).toBeGreaterThanOrEqual(8);
    expect(held).toBeLessThanOrEqual(10);
  });

  it('control: with a large budget it is bounded by slots', async () => {
    await addLarge(60);
    expect(await heldWith({ prefetchBytes: 1_000 * MEGABYTE })).toBe(40);
  });

  it('control: small messages are not held up', async () => {
    for (const n of upTo(60)) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
    expect(await heldWith({ prefetchBytes: 8 * MEGABYTE })).toBe(40);
  });
});

describe('T14 400 messages of 1 MB, 100 at once', () => {
  async function peakWith(prefetchBytes: number): Promise<number> {
    const handler = { stream: world.stream, group: `g${prefetchBytes}`, concurrency: 100, prefetchBytes };
    const settings: PrefetchWorkerSettings = {
      databaseUrl: world.database.url,
      redisUrl: world.redis.url,
      handler,
      messages: 400,
    };
    const program = compiledProgram('queue/programs/prefetch-worker');
    const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
    const isReport = (message: unknown): message is PrefetchReport => 'peakBytes' in (message as PrefetchReport);
    const { peakBytes } = await worker.message(isReport, 'peak', 120_000);
    await worker.kill();
    return peakBytes / MEGABYTE;
  }

  it('need memory by the budget, not by the count; control: a budget that is off needs more', async () => {
    await addLarge(400);
    const bounded = await peakWith(8 * MEGABYTE);
    const unbounded = await peakWith(100_000 * MEGABYTE);
    expect(bounded).toBeLessThan(unbounded / 2);
    process.stdout.write(`peak of resident memory: ${bounded.toFixed()} MB bounded, ${unbounded.toFixed()} MB not\n`);
  }, 300_000);
});
