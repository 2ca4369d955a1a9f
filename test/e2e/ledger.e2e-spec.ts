import { randomUUID } from 'node:crypto';
import { type INestApplication, Logger } from '@nestjs/common';
import { eventually } from '@safesync/testing';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { migrate } from '../../apps/ledger/src/migrations/migrate.js';
import { startLedger } from '../../apps/ledger/src/startup/start-ledger.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis, type TestRedis } from '../support/redis.js';

describe('the ledger', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let prefix: string;
  let app: INestApplication<App>;

  beforeAll(async () => {
    Logger.overrideLogger(false); // failures are what this file is about
    database = await createTestDatabase();
    redis = createTestRedis();
    prefix = `${redis.key('ledger')}:`;
    await migrate(database.url);
    app = await startLedger({
      mysqlUrl: database.url,
      redisUrl: redis.url,
      role: 'both',
      port: 0,
      poolSize: 8,
      prefix,
    });
  });

  afterAll(async () => {
    await app?.close();
    await redis?.close();
    await database?.drop();
  });

  const http = () => request(app.getHttpServer());

  /** Opens two accounts of this test's own. */
  async function openPair(balance = '100.00'): Promise<{ from: string; to: string }> {
    const pair = { from: `a-${randomUUID().slice(0, 8)}`, to: `b-${randomUUID().slice(0, 8)}` };
    for (const id of Object.values(pair)) await http().put(`/accounts/${id}`).send({ balance }).expect(200);
    return pair;
  }

  async function booked(id: string): Promise<{ status: string }> {
    return eventually(
      async () => {
        const { status, body } = await http().get(`/transfers/${id}`);
        return status === 200 ? (body as { status: string }) : false;
      },
      { what: `transfer ${id} booked` },
    );
  }

  async function balanceOf(id: string): Promise<string> {
    return (await http().get(`/accounts/${id}`).expect(200)).body.balance;
  }

  async function deadLetterOf(
    entryId: string,
    group: string,
  ): Promise<{ reason: string; data?: string; raw?: string[] }> {
    return eventually(
      async () => {
        const letters = (await redis.client.xrange(`${prefix}transfers:dead`, '-', '+')).map(([, fields]) =>
          JSON.parse(fields[1] ?? ''),
        );
        return letters.find((letter) => letter.entryId === entryId && letter.group === group);
      },
      { what: `dead letter of ${entryId} in ${group}` },
    );
  }

  it('moves money: 202 at once, booked soon, balances exact', async () => {
    const { from, to } = await openPair();
    const id = randomUUID();
    const { body } = await http().post('/transfers').send({ id, from, to, amount: '12.5' }).expect(202);
    expect(body).toEqual({ id });
    await booked(id);
    expect((await http().get(`/transfers/${id}`)).body).toEqual({ id, from, to, amount: '12.50', status: 'completed' });
    expect(await balanceOf(from)).toBe('87.50');
    expect(await balanceOf(to)).toBe('112.50');
  });

  it('books a transfer once, however often it is sent', async () => {
    const { from, to } = await openPair();
    const transfer = { id: randomUUID(), from, to, amount: '10.00' };
    for (let i = 0; i < 5; i += 1) await http().post('/transfers').send(transfer).expect(202);
    const last = { ...transfer, id: randomUUID(), amount: '0.01' };
    await http().post('/transfers').send(last).expect(202);
    await booked(last.id);
    await eventually(async () => (await balanceOf(from)) === '89.99', {
      what: 'one transfer of 10.00 and one of 0.01',
    });
    expect(await database.rows('SELECT bookings FROM account WHERE id = ?', [from])).toEqual([{ bookings: '2' }]);
  });

  it('rejects a transfer without the money for it, and never tries it again', async () => {
    const { from, to } = await openPair('5.00');
    const id = randomUUID();
    await http().post('/transfers').send({ id, from, to, amount: '5.01' }).expect(202);
    expect(await booked(id)).toMatchObject({ status: 'rejected' });
    expect(await balanceOf(from)).toBe('5.00');
    expect(await balanceOf(to)).toBe('5.00');
  });

  it('turns a transfer of an unknown account into a dead letter, with its text', async () => {
    const { to } = await openPair();
    const payload = { id: randomUUID(), from: 'nobody', to, amount: '1.00' };
    await http().post('/transfers').send(payload).expect(202);
    const [[entryId] = ['']] = await redis.client.xrevrange(`${prefix}transfers`, '+', '-', 'COUNT', 1);
    for (const group of ['booking', 'review']) {
      const letter = await deadLetterOf(entryId, group);
      expect(letter.reason).toBe('non_retryable');
      expect(JSON.parse(letter.data ?? '')).toMatchObject(payload);
    }
    await http().get(`/transfers/${payload.id}`).expect(404);
  });

  it.each<[string, string[], string]>([
    ['no JSON', ['data', '{"id": '], 'malformed'],
    ['no field data', ['payload', '{}'], 'malformed'],
    ['no valid transfer', ['data', '{"id":"1","from":"a","to":"b","amount":5}'], 'invalid'],
  ])('turns a message that is %s into a dead letter and books its neighbours', async (_, fields, reason) => {
    const { from, to } = await openPair();
    const neighbours = [randomUUID(), randomUUID()];
    const send = (id?: string) => http().post('/transfers').send({ id, from, to, amount: '1.00' }).expect(202);
    await send(neighbours[0]);
    const entryId = (await redis.client.xadd(`${prefix}transfers`, '*', ...fields)) ?? '';
    await send(neighbours[1]);
    await Promise.all(neighbours.map(booked));
    for (const group of ['booking', 'review']) expect((await deadLetterOf(entryId, group)).reason).toBe(reason);
  });

  it.each<[string, object]>([
    ['id', { id: 'x' }],
    ['from', { from: undefined }],
    ['to', { to: 'Not An Account' }],
    ['amount', { amount: '1.001' }],
    ['amount', { amount: 1 }],
    ['amount', { amount: '-1' }],
    ['note', { note: 'unknown field' }],
  ])('answers 400 naming %s to %p', async (field, change) => {
    const transfer = { id: randomUUID(), from: 'alice', to: 'bob', amount: '1.00', ...change };
    const { body } = await http().post('/transfers').send(transfer).expect(400);
    expect(JSON.stringify(body.message)).toContain(field);
  });

  it('opens an account once, with one balance', async () => {
    const { from } = await openPair('7.00');
    await http().put(`/accounts/${from}`).send({ balance: '7' }).expect(200, { id: from, balance: '7.00' });
    await http().put(`/accounts/${from}`).send({ balance: '8.00' }).expect(409);
    await http().put('/accounts/UPPER').send({ balance: '8.00' }).expect(400);
    await http().get('/accounts/missing').expect(404);
  });

  it('opens review cases with numbers 1, 2, 3, …, one for each account that sent much', async () => {
    const pairs = await Promise.all([openPair('9000.00'), openPair('9000.00'), openPair('9000.00')]);
    const transfers = pairs.flatMap((pair) =>
      Array.from({ length: 8 }, () => ({ ...pair, id: randomUUID(), amount: '500.00' })),
    );
    await Promise.all(transfers.map((transfer) => http().post('/transfers').send(transfer).expect(202)));
    const cases = await eventually(
      async () => {
        const rows = await database.rows<{ number: number; account_id: string }>(
          'SELECT * FROM review_case ORDER BY number',
        );
        return rows.length >= pairs.length && rows;
      },
      { what: 'three review cases' },
    );
    expect(cases.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(cases.map(({ account_id }) => account_id).toSorted()).toEqual(pairs.map(({ from }) => from).toSorted());
    await eventually(
      async () => {
        const sql = 'SELECT volume FROM account_activity WHERE account_id IN (?)';
        const rows = await database.rows<{ volume: string }>(sql, [pairs.map(({ from }) => from)]);
        return rows.every(({ volume }) => volume === '4000.00');
      },
      { what: 'no update of a volume lost' },
    );
  });

  it('serves its metrics and says that it is ready', async () => {
    const { text } = await http().get('/metrics').expect(200);
    expect(text).toMatch(/^ledger_transfers_total\{outcome="completed"\} [1-9]/m);
    expect(text).toMatch(/^ledger_transfers_total\{outcome="duplicate"\} 4$/m);
    expect(text).toMatch(/^coti_safesync_db_write_total\{table="transfer",op_type="insert",status="success"\} [1-9]/m);
    await http().get('/health').expect(200, { status: 'ok', database: 'up', redis: 'up' });
  });
});
