import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '@safesync/core';
import { type CaseRow, type FaultCase, type FaultFigures, GROWTH, rowOf } from '../kit/fault-case.js';
import { type PlotLine, plot } from '../soak/plot.js';
import { disturb, load } from '../soak/soak-faults.js';
import { HOPELESS } from '../soak/soak-settings.js';
import { type Sample, SoakWorld } from '../soak/soak-world.js';
import { growthPerMinute, median } from '../soak/trend.js';

const SAMPLE_MS = 2_000;
/** What the tables keep: a minute is the least. */
const KEEP_MS = 60_000;
const KEEP_ALL_MS = 7 * 86_400_000;
/** Caches are filled, code is compiled, and what is kept for a minute has been there for one. */
const WARM_UP_MS = 100_000;
/** Below this the trends of what is kept say nothing. */
const LEAST_MS = 2 * WARM_UP_MS;

interface Watched {
  readonly title: string;
  readonly unit: string;
  /** Growth in a minute that is none, in `unit`, or as a part of the middle value. */
  readonly most: { readonly by: number } | { readonly part: number };
}

const WATCHED: Readonly<Record<keyof Sample, Watched>> = {
  heapMiB: { title: 'heap', unit: 'MiB', most: { by: 0.5 } },
  rssMiB: { title: 'memory (RSS)', unit: 'MiB', most: { by: 1.5 } },
  sockets: { title: 'sockets', unit: '', most: { by: 0.5 } },
  consumers: { title: 'consumers', unit: '', most: { by: 0.5 } },
  inboxRows: { title: 'rows of the inbox', unit: '', most: { part: 0.1 } },
  outboxRows: { title: 'rows of the outbox', unit: '', most: { part: 0.1 } },
  streamEntries: { title: 'entries of the streams', unit: '', most: { part: 0.1 } },
};

/** Load, faults and time: nothing is lost or doubled, and nothing grows. */
export const soak: FaultCase = {
  name: 'soak',
  title: `mixed load with faults: nothing grows (at least ${LEAST_MS} ms; leaves .data/soak.svg)`,
  run: async ({ figures, say }) => {
    const lengthMs = Math.max(LEAST_MS, figures.faultMs);
    const kept = await soaked('tables keep a minute', { ...figures, faultMs: lengthMs }, KEEP_MS, say);
    const control = await soaked('control: tables keep all', { ...figures, faultMs: LEAST_MS }, KEEP_ALL_MS, say);
    return [kept, { ...control, control: 'growth' }];
  },
};

async function soaked(
  what: string,
  figures: FaultFigures,
  keepMs: number,
  say: (line: string) => void,
): Promise<CaseRow> {
  const world = await SoakWorld.open(keepMs);
  const over = new AbortController();
  try {
    const startedAt = performance.now();
    const loading = load(world, HOPELESS, over.signal);
    const disturbing = disturb(world, figures.seed, startedAt, over.signal);
    const samples = await sampled(world, startedAt, figures.faultMs, say);
    over.abort();
    await loading;
    const faultsAt = await disturbing;
    const endedAt = performance.now();
    await world.settled();
    const recoveries = [performance.now() - endedAt];
    if (keepMs === KEEP_MS) await draw(samples, faultsAt, figures.faultMs);
    const counts = { kills: faultsAt.length, messages: world.world.published, recoveries };
    const note = growths(samples)
      .map(({ text }) => text)
      .join(', ');
    const faults = growths(samples)
      .filter(({ isGrowth }) => isGrowth)
      .map(({ text }) => `${GROWTH}${text}`);
    return rowOf(what, await world.audit(), { ...counts, note, faults });
  } finally {
    over.abort();
    await world.close();
  }
}

type Timed = Sample & { readonly at: number };

async function sampled(
  world: SoakWorld,
  startedAt: number,
  lengthMs: number,
  say: (line: string) => void,
): Promise<Timed[]> {
  const samples: Timed[] = [];
  for (let at = 0; at < lengthMs; at = performance.now() - startedAt) {
    samples.push({ at, ...(await world.sample()) });
    if (samples.length % 15 === 0)
      say(`${Math.round(at / 1_000)} s: ${JSON.stringify(rounded(samples.at(-1) as Timed))}`);
    await sleep(SAMPLE_MS);
  }
  return samples;
}

function rounded(sample: Timed): object {
  return Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, Math.round(value * 10) / 10]));
}

function growths(samples: readonly Timed[]): { text: string; isGrowth: boolean }[] {
  return lines(samples.filter(({ at }) => at >= WARM_UP_MS)).map(({ title, unit, points, most }) => {
    const growth = growthPerMinute(points);
    const limit = 'by' in most ? most.by : most.part * median(points.map(({ value }) => value));
    return { text: `${title} ${growth.toFixed(2)} ${unit}/min`, isGrowth: growth > limit };
  });
}

function lines(samples: readonly Timed[]): (PlotLine & Watched)[] {
  return Object.entries(WATCHED).map(([name, watched]) => {
    const points = samples.map((sample) => ({ at: sample.at, value: sample[name as keyof Sample] }));
    return { ...watched, points };
  });
}

async function draw(samples: readonly Timed[], faultsAt: readonly number[], lengthMs: number): Promise<void> {
  await mkdir('.data', { recursive: true });
  await writeFile(join('.data', 'soak.svg'), plot(lines(samples), faultsAt, lengthMs));
}
