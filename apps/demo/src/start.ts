import { randomUUID } from 'node:crypto';
import { sleep } from '@safesync/core';
import { UsageError } from './options/arguments.js';
import { readStartOptions, START_USAGE } from './options/start.options.js';
import { LiveLine } from './progress/live-line.js';
import { abortOnSignals, Interrupted } from './run/interrupted.js';
import { readMetrics, sumOfSamples } from './run/worker-counters.js';
import { UndoStack } from './stage/undo-stack.js';
import { startAtHome } from './start/ledger-at-home.js';

const LOOK_EVERY_MS = 1_000;

const invitation = (url: string, data: string): string => `
  The ledger runs.  API ${url}   metrics ${url}/metrics   health ${url}/health

  Move money:
    curl -s ${url}/transfers -H 'content-type: application/json' \\
      -d '{"id":"${randomUUID()}","from":"alice","to":"bob","amount":"12.50"}'
    curl -s ${url}/accounts/bob

  Send the same transfer again: it is booked once. Ctrl-C ends everything; the data stays in ${data}.
`;

/** The ledger and its servers until Ctrl-C. */
async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(START_USAGE);
    return;
  }
  const line = new LiveLine(process.stdout, 30_000);
  const abort = abortOnSignals(line);
  const undo = new UndoStack();
  try {
    line.show('starting MySQL, Redis and the ledger');
    const url = await startAtHome({ options, undo, abort, say: (text) => line.say(`  ${text}`) });
    line.say(invitation(url, options.data));
    while (!abort.signal.aborted) {
      line.show(await counters(url));
      await sleep(LOOK_EVERY_MS, abort.signal);
    }
    abort.signal.throwIfAborted();
  } finally {
    line.show('stopping');
    await undo.undoAll();
    line.clear();
  }
}

async function counters(url: string): Promise<string> {
  const page = await readMetrics(url);
  const count = (outcome: string): number => sumOfSamples(page, `ledger_transfers_total{outcome="${outcome}"}`);
  return `transfers since the start: ${count('completed')} completed, ${count('rejected')} rejected, ${count('duplicate')} duplicates`;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Interrupted)) {
    process.exitCode = error instanceof UsageError ? 2 : 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
