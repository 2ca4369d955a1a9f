#!/usr/bin/env node
import { run } from './run.js';
import type { Terminal } from './terminal.js';

// whoever reads the output may have read enough
process.stdout.on('error', () => process.exit());

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  exitCode: 0,
};
await run(process.argv.slice(2), terminal);
process.exitCode = terminal.exitCode;
