import { parseArgs } from 'node:util';
import type { FaultFigures } from '../kit/fault-case.js';

export const USAGE = `npm run test:faults -- <case>[,<case>] [options]     all: every case; --list: what there is

  --seeds <n>      runs of each failpoint                           default 5
  --seed <n>       the first seed; one that was printed replays     default: by chance
  --kills <n>      processes or connections killed by chance        default 30
  --fault-ms <n>   how long a fault that lasts is kept up, in ms    default 3000
  --messages <n>   messages under load, entries to fuzz             default 2000
  --parallel <n>   runs at a time                                   default 3
  --only <text>    only the points and faults with this in their name`;

export interface FaultOptions {
  readonly names: readonly string[];
  readonly isList: boolean;
  readonly figures: FaultFigures;
}

/** Throws for what is not an option. */
export function parseFaultOptions(args: readonly string[], all: readonly string[] = []): FaultOptions {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      seeds: { ...text, default: '5' },
      seed: { ...text, default: String(Math.floor(Math.random() * 1_000_000)) },
      kills: { ...text, default: '30' },
      'fault-ms': { ...text, default: '3000' },
      messages: { ...text, default: '2000' },
      parallel: { ...text, default: '3' },
      only: { ...text, default: '' },
    },
  });
  const names = positionals.flatMap((list) => list.split(',')).filter((name) => name !== '');
  return {
    names: names.includes('all') ? all : names,
    isList: values.list,
    figures: {
      seeds: wholeNumber('seeds', values.seeds, 1),
      seed: wholeNumber('seed', values.seed, 0),
      kills: wholeNumber('kills', values.kills, 1),
      faultMs: wholeNumber('fault-ms', values['fault-ms'], 1),
      messages: wholeNumber('messages', values.messages, 1),
      parallel: wholeNumber('parallel', values.parallel, 1),
      isTimed: true,
      only: values.only,
    },
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number >= ${least}, not "${text}".`);
}
