import { sleep } from '@safesync/core';
import { SeededRandom } from '@safesync/testing';
import type { SoakWorld } from './soak-world.js';

const EVERY_MS = [2_000, 8_000] as const;

/** Kills processes of the crew and connections of all, and cuts the network to Redis, by chance; when, in ms since `startedAt`. */
export async function disturb(world: SoakWorld, seed: number, startedAt: number, over: AbortSignal): Promise<number[]> {
  const random = new SeededRandom(seed);
  const at: number[] = [];
  const faults = [
    () => world.crew.replace(random.int(0, world.crew.size - 1)),
    () => world.killConnection((ids) => random.pick(ids)),
    async () => world.network.cut(),
  ];
  for (;;) {
    await sleep(random.int(...EVERY_MS), over);
    if (over.aborted) return at;
    at.push(performance.now() - startedAt);
    await random.pick(faults)();
  }
}

const BATCH = 10;
const BATCH_MS = 100;
/** One of so many is hopeless, and has to become a dead letter. */
const HOPELESS_OF = 50;

/** Publishes about a hundred messages a second, less while the workers are behind. */
export async function load(world: SoakWorld, hopeless: string, over: AbortSignal): Promise<void> {
  for (let batch = 0; !over.aborted; batch += 1) {
    const poison = batch % HOPELESS_OF === 0 ? hopeless : undefined;
    await world.world.publish(world.orders, poison === undefined ? BATCH : 1, poison);
    await sleep(BATCH_MS, over);
  }
}
