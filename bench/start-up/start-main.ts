import type { TransferModule, TransferSetup } from '../transfer/transfer-contender.js';

/** What a starting process says on its standard output, in one line, once its first message is done. */
export interface FirstMessage {
  /** From the start of the process until its modules were there, in ms. */
  readonly loadedMs: number;
  /** CPU time of the process so far. */
  readonly cpuMs: number;
}

/** `start-main.js <URL of the module> <setup as JSON>`: starts a contender as a program of its own, until standard input ends. */
async function main(moduleUrl: string, setup: TransferSetup): Promise<void> {
  process.stdin.on('end', () => process.exit(0)).resume();
  const contender = (await import(moduleUrl)) as TransferModule;
  const loadedMs = performance.now();
  await contender.start(setup, {
    started: () => undefined,
    finished: () => {
      const { user, system } = process.cpuUsage();
      const first: FirstMessage = { loadedMs, cpuMs: (user + system) / 1_000 };
      process.stdout.write(`${JSON.stringify(first)}\n`);
    },
  });
}

const [moduleUrl = '', setup = ''] = process.argv.slice(2);
main(moduleUrl, JSON.parse(setup) as TransferSetup).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
