import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, WorkerProcess } from '@safesync/testing';
import request from 'supertest';

const START = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'demo', 'start.js');

describe('npm start', () => {
  let data: string;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'safesync-start-'));
  });
  afterAll(async () => {
    await rm(data, { recursive: true, force: true });
  });

  /** On private servers of its own, whose data is kept in `data`. */
  async function start(): Promise<{ program: WorkerProcess; url: string }> {
    const program = await WorkerProcess.spawn(START, {
      args: ['--port', '0', '--data', data],
      env: { MYSQL_URL: '', REDIS_URL: '' },
    });
    const line = await program.line('The ledger runs.', 60_000);
    return { program, url: /API (\S+)/.exec(line)?.[1] ?? '' };
  }

  it('serves the ledger until Ctrl-C, and knows its accounts the next time', async () => {
    const first = await start();
    const transfer = { id: randomUUID(), from: 'alice', to: 'bob', amount: '12.50' };
    await request(first.url).post('/transfers').send(transfer).expect(202);
    await eventually(async () => (await request(first.url).get(`/transfers/${transfer.id}`)).status === 200, {
      what: 'the transfer booked',
    });
    expect((await first.program.kill('SIGINT')).code).toBe(0);

    const second = await start();
    await request(second.url).get('/accounts/bob').expect(200, { id: 'bob', balance: '1012.50' });
    expect((await second.program.kill('SIGTERM')).code).toBe(0);
  }, 120_000);
});
