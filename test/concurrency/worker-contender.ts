import { openContender } from './contender.js';
import { type Arena, CONTENDER_DEFAULTS, SCENARIOS, type ScenarioName } from './scenarios.js';

/** What the fleet sends: a scenario to prepare for, then the word to start. */
export type Order = { readonly prepare: ScenarioName; readonly arena: Arena } | { readonly start: number };

/** What a worker answers; `round` counts the scenarios it was given. */
export type Answer = { readonly round: number; readonly state: 'ready' | 'done' | 'failed'; readonly error?: string };

/** A contender in a process of its own: runs the scenarios it is sent, each when all others are ready too. */
const [url = '', poolSize = '2'] = process.argv.slice(2);
const db = await openContender(url, { poolSize: Number(poolSize), db: CONTENDER_DEFAULTS });
let round = 0;
let begin: () => Promise<void> = async () => undefined;

const tell = (state: Answer['state'], error?: string): void => {
  process.send?.({ round, state, ...(error === undefined ? {} : { error }) } satisfies Answer);
};

async function compete(): Promise<void> {
  try {
    await begin();
    tell('done');
  } catch (error) {
    tell('failed', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

process.on('message', (order: Order) => {
  if ('start' in order) {
    void compete();
    return;
  }
  round += 1;
  begin = () => SCENARIOS[order.prepare](db, order.arena);
  tell('ready');
});

tell('ready');
