import { setMaxListeners } from 'node:events';
import type { LiveLine } from '../progress/live-line.js';

/** Ctrl-C, or SIGTERM. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted.');
    this.name = 'Interrupted';
  }
}

/** Aborts at the first signal, so that everything is put away in order; the second one ends the process at once. */
export function abortOnSignals(line: LiveLine): AbortController {
  const abort = new AbortController();
  // every request in flight may be waiting on it
  setMaxListeners(0, abort.signal);
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(130);
    line.say('  stopping; press Ctrl-C again to stop at once');
    abort.abort(new Interrupted());
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return abort;
}
