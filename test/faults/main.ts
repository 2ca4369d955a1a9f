import { startServers } from '@safesync/testing';
import { FAULT_CASES } from './catalogue.js';
import { type FaultOptions, parseFaultOptions, USAGE } from './command/fault-options.js';
import { tableOf } from './command/fault-table.js';
import { isAsExpected } from './kit/fault-case.js';
import { Lanes } from './kit/lanes.js';

/** Exit 0: all held, and every control went wrong. Exit 1: not so. Exit 2: the command was not understood. */
async function main(): Promise<number> {
  const options = understood();
  if (!options || options.names.length === 0) {
    const list = FAULT_CASES.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n');
    process.stderr.write(`${USAGE}\n\nCases:\n${list}\n`);
    return options?.isList ? 0 : 2;
  }
  const servers = await startServers({ onProgress: (line) => process.stdout.write(`${line}\n`) });
  process.env.MYSQL_URL = servers.mysqlUrl;
  process.env.REDIS_URL = servers.redisUrl;
  try {
    return (await runAll(options)) ? 0 : 1;
  } finally {
    await servers.stop();
  }
}

function understood(): FaultOptions | undefined {
  try {
    const known = FAULT_CASES.map(({ name }) => name);
    const options = parseFaultOptions(process.argv.slice(2), known);
    const unknown = options.names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`There is no case "${unknown}".`);
    return options;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n`);
    return undefined;
  }
}

async function runAll({ names, figures }: FaultOptions): Promise<boolean> {
  let isSound = true;
  for (const name of names) {
    const fault = FAULT_CASES.find((one) => one.name === name);
    const startedAt = performance.now();
    process.stdout.write(`\n${name}: ${fault?.title ?? ''} (seed ${figures.seed})\n`);
    const say = (line: string): void => void process.stdout.write(`  ${line}\n`);
    const rows = (await fault?.run({ figures, lanes: new Lanes(figures.parallel), say })) ?? [];
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stdout.write(`\n${tableOf(rows)}\n\n${name}: ${seconds} s\n`);
    isSound &&= rows.every(isAsExpected);
  }
  process.stdout.write(isSound ? '\nAll held, and every control went wrong.\n' : '\nNOT SOUND, see the lines with !\n');
  return isSound;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// what a case has left open shall not keep the command
setImmediate(() => process.exit());
