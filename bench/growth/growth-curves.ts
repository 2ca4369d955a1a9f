import type { Curves, Measured, Point } from '../benchmarks/benchmark.js';
import { figureOf } from '../report/measured.js';
import type { Situation } from './growth-run.js';

/** Speed against what is in the way, on a scale of powers of ten; memory against time. */
export function growthCurves(all: readonly Measured[]): Curves[] {
  return [throughput(all), ...memory(all)];
}

function throughput(all: readonly Measured[]): Curves {
  const speeds = (amount: (situation: Situation) => number | undefined): Point[] => {
    const found = new Map<number, number>();
    for (const [contender, runs] of all.flatMap(({ byContender }) => [...byContender])) {
      const messages = amount(contender);
      const speed = figureOf(runs, 'speed')?.median;
      if (messages && speed && !found.has(messages)) found.set(messages, speed);
    }
    return [...found].map(([messages, speed]) => [Math.log10(messages), speed]);
  };
  return {
    name: 'throughput',
    title: 'growth: messages per second, 8 at once, with so many messages in the way',
    x: 'messages in the way',
    y: 'messages/s',
    ticks: [
      [3, '1 000'],
      [4, '10 000'],
      [5, '100 000'],
      [6, '1 000 000'],
    ],
    lines: [
      { title: 'wait', points: speeds(({ backlog, pending }) => (pending ? undefined : backlog)) },
      { title: 'held by others', points: speeds(({ pending }) => pending) },
    ],
  };
}

function memory(all: readonly Measured[]): Curves[] {
  const measured = all.find((each) => each.case.key === 'memory');
  const points = [...(measured?.byContender.values() ?? [])][0]?.at(-1)?.watched ?? [];
  const end = points.at(-1)?.[0];
  if (!end) return [];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => [share * end, (share * end).toFixed(0)] as const);
  const title = 'growth: resident memory of a worker, 32 at once';
  return [{ name: 'memory', title, x: 'seconds', y: 'MB', ticks, lines: [{ title: 'RSS', points }] }];
}
