import type { ContenderReport, Host } from './contender.js';

const PROGRESS_MS = 250;

function report(message: ContenderReport): void {
  process.send?.(message);
}

/** Entry of a contender's process: URLs of its host and its module, and the setup as JSON; an IPC channel to the bench. */
async function main(hostUrl: string, moduleUrl: string, setup: string): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const { host } = (await import(hostUrl)) as { host: Host<unknown, unknown, unknown, unknown> };
  let done = 0;
  const perform = await host(await import(moduleUrl), JSON.parse(setup), (now) => {
    done = now;
  });
  process.on('message', (order) => {
    void perform(order).then((result) => report({ kind: 'performed', result }), fail);
  });
  setInterval(() => report({ kind: 'progress', done }), PROGRESS_MS).unref();
  report({ kind: 'ready' });
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

const [hostUrl = '', moduleUrl = '', setup = ''] = process.argv.slice(2);
main(hostUrl, moduleUrl, setup).catch(fail);
