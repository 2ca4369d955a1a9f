import { randomUUID } from 'node:crypto';
import { type INestApplication, Logger } from '@nestjs/common';
import { eventually, type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { createConnection } from 'mysql2/promise';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { migrate } from '../../apps/ledger/src/migrations/migrate.js';
import { startLedger } from '../../apps/ledger/src/startup/start-ledger.js';

describe('the ledger while a server is away', () => {
  let servers: Servers;
  let mysqlUrl: string;
  let app: INestApplication<App>;

  beforeAll(async () => {
    Logger.overrideLogger(false); // failures are what this file is about
    // servers of this file's own: it kills them
    servers = await startServers({ useEnvironment: false, fresh: true });
    const admin = await createConnection(servers.mysqlUrl);
    await admin.query('CREATE DATABASE ledger');
    await admin.end();
    mysqlUrl = `${servers.mysqlUrl.replace(/\/$/, '')}/ledger`;
    await migrate(mysqlUrl);
    app = await boot();
    for (const id of ['alice', 'bob']) await http().put(`/accounts/${id}`).send({ balance: '100.00' }).expect(200);
  }, 120_000);

  afterAll(async () => {
    await app?.close();
    await servers?.stop();
  }, 60_000);

  const http = () => request(app.getHttpServer());
  const boot = () =>
    startLedger({ mysqlUrl, redisUrl: servers.redisUrl, role: 'both', port: 0, poolSize: 8, prefix: '' });
  const mysql = (): ManagedServer => managed(servers.mysql);
  const redis = (): ManagedServer => managed(servers.redis);

  async function booked(id: string): Promise<void> {
    const isBooked = async (): Promise<boolean> => (await http().get(`/transfers/${id}`)).status === 200;
    await eventually(isBooked, { what: `transfer ${id} booked`, withinMs: 30_000 });
  }

  it('answers 503 with a remedy and Retry-After without Redis, and takes the same transfer afterwards', async () => {
    const transfer = { id: randomUUID(), from: 'alice', to: 'bob', amount: '1.00' };
    await redis().kill();
    const { body, headers } = await http().post('/transfers').send(transfer).expect(503);
    expect(headers['retry-after']).toBe('1');
    expect(body.remedy).toMatch(/\w+/);
    await http().get('/health').expect(503);
    await redis().start();
    await eventually(async () => (await http().post('/transfers').send(transfer)).status === 202, {
      what: 'the transfer accepted',
      withinMs: 30_000,
    });
    await booked(transfer.id);
  }, 90_000);

  it('accepts transfers without the database and books them when it is back', async () => {
    const transfer = { id: randomUUID(), from: 'bob', to: 'alice', amount: '2.00' };
    await mysql().kill();
    await http().post('/transfers').send(transfer).expect(202);
    const { body } = await http().get('/accounts/bob').expect(503);
    expect(JSON.stringify(body)).not.toContain('127.0.0.1');
    await mysql().start();
    await booked(transfer.id);
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((id) => http().get(`/accounts/${id}`).expect(200)));
    expect([alice?.body.balance, bob?.body.balance]).toEqual(['101.00', '99.00']);
  }, 90_000);

  it('waits at boot for servers that are away, and goes on by itself', async () => {
    await app.close();
    await Promise.all([mysql().kill(), redis().kill()]);
    let isUp = false;
    const booting = boot().then((started) => {
      isUp = true;
      return started;
    });
    await redis().start();
    expect(isUp).toBe(false);
    await mysql().start();
    app = await booting;
    const transfer = { id: randomUUID(), from: 'alice', to: 'bob', amount: '1.00' };
    await http().post('/transfers').send(transfer).expect(202);
    await booked(transfer.id);
  }, 90_000);
});

function managed(server: ManagedServer | undefined): ManagedServer {
  if (!server) throw new Error('A private server was asked for and none was started.');
  return server;
}
