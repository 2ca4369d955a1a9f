#!/usr/bin/env node
import { run } from './run.js';
import { EXIT, type Terminal } from './terminal.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    // a reader may have read enough; that is no reason to stop half-way, nor a failure
    if (code !== 'EPIPE') process.exitCode = EXIT.failed;
  });
}

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  exitCode: 0,
};
await run(process.argv.slice(2), terminal);
process.exitCode ||= terminal.exitCode;
