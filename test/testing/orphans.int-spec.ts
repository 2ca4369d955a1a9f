import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, WorkerProcess } from '@safesync/testing';
import { createConnection } from 'mysql2/promise';
import { compiledProgram } from '../support/compiled-program.js';
import { isAlive } from '../support/process-alive.js';

interface Held {
  readonly mysql: number;
  readonly redis: number;
  readonly mysqlUrl: string;
}

const isHeld = (message: unknown): message is Held =>
  typeof message === 'object' && message !== null && 'mysqlUrl' in message;

describe('servers whose launcher ends without stopping them', () => {
  let dataDir: string;
  const launch = async (...args: string[]): Promise<{ launcher: WorkerProcess; held: Held }> => {
    const launcher = await WorkerProcess.spawn(compiledProgram('testing/programs/hold-servers'), {
      args: [dataDir, ...args],
    });
    return { launcher, held: await launcher.message(isHeld, 'servers') };
  };
  const noneLeft = ({ mysql, redis }: Held): Promise<true> =>
    eventually(() => !isAlive(mysql) && !isAlive(redis), {
      what: 'end of both servers',
      withinMs: 20_000,
    });

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'safesync-orphans-'));
  });

  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('end with a launcher killed by SIGKILL, fresh data included', async () => {
    const { launcher, held } = await launch('stay');
    expect(isAlive(held.mysql)).toBe(true);
    await launcher.kill('SIGKILL');
    await noneLeft(held);
    await eventually(() => readdirSync(dataDir).length === 0, { what: 'removal of the fresh data' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('end with a launcher ended by %s', async (signal) => {
    const { launcher, held } = await launch('stay');
    await launcher.kill(signal);
    await noneLeft(held);
  });

  it('end with a launcher that fails, and with one that simply ends', async () => {
    const [failing, ending] = await Promise.all([launch('throw'), launch('leave')]);
    expect((await failing.launcher.exit()).code).toBe(1);
    await ending.launcher.success();
    await Promise.all([noneLeft(failing.held), noneLeft(ending.held)]);
  });

  it('leave lasting data that the next launch takes over at once', async () => {
    const first = await launch('stay', 'lasting');
    const connection = await createConnection(first.held.mysqlUrl);
    await connection.query('CREATE DATABASE survivor');
    connection.destroy();
    await first.launcher.kill('SIGKILL');

    const second = await launch('stay', 'lasting');
    const again = await createConnection(second.held.mysqlUrl);
    expect((await again.query("SHOW DATABASES LIKE 'survivor'"))[0]).toHaveLength(1);
    again.destroy();
    await second.launcher.kill('SIGKILL');
    await Promise.all([noneLeft(first.held), noneLeft(second.held)]);
  });
});
