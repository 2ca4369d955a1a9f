import { type DbSession, DbSessions } from '@safesync/db';
import { RedisStreamsQueue } from '@safesync/queue';
import { DataSource } from 'typeorm';
import { TRANSFERS } from '../plan/ledger.names.js';
import { cents } from '../plan/money.js';
import type { Transfer } from '../plan/transfer-plan.js';

/*
 * The negative control: a worker by hand that does the one thing the library never does. It acknowledges a message inside the
 * transaction, before the commit. As long as nothing dies, nobody sees a difference. Told to pause, it stops at the worst
 * moment, between the two, and waits there to be killed; the demo must then find one transfer lost.
 */

let shallPause = false;
process.on('message', () => {
  shallPause = true;
});
// the demo is gone: nothing to control any more
process.once('disconnect', () => process.exit(0));

const { MYSQL_URL: url, REDIS_URL: redisUrl = '', LEDGER_PREFIX: prefix = '' } = process.env;
const dataSource = await new DataSource({
  type: 'mysql',
  url,
  timezone: 'Z',
  supportBigNumbers: true,
  bigNumberStrings: true,
}).initialize();
const sessions = await DbSessions.open(dataSource);
const queue = await RedisStreamsQueue.create(redisUrl, {
  streamKey: `${prefix}${TRANSFERS}`,
  consumerGroup: 'booking',
  consumerName: `saboteur-${process.pid}`,
});
process.send?.({ ready: 'yes' });

for (;;) {
  const [message] = await queue.read(1_000);
  if (!message) continue;
  await sessions.withRetry(async (session) => {
    await book(session, message.payload as Transfer);
    await queue.ack(message); // one line too early
    if (shallPause) await pause(message.id);
  });
}

async function pause(entryId: string): Promise<void> {
  process.send?.({ acknowledged: entryId });
  await new Promise(() => undefined);
}

async function book(session: DbSession, { id, from, to, amount }: Transfer): Promise<void> {
  const accounts = await session.fetchAll<{ id: string; balance: string }>(
    'SELECT id, balance FROM account WHERE id IN (:from, :to) ORDER BY id FOR UPDATE',
    { from, to },
  );
  const balance = accounts.find((account) => account.id === from)?.balance ?? '0.00';
  const status = cents(balance) < cents(amount) ? 'rejected' : 'completed';
  const inserted = await session.execute(
    `INSERT INTO transfer (id, from_account, to_account, amount, status)
     SELECT :id, :from, :to, :amount, :status FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM transfer WHERE id = :id)`,
    { id, from, to, amount, status },
  );
  if (inserted === 0 || status === 'rejected') return;
  const change = 'CAST(:amount AS DECIMAL(18,2)), bookings = bookings + 1 WHERE id = :id';
  await session.execute(`UPDATE account SET balance = balance - ${change}`, { id: from, amount });
  await session.execute(`UPDATE account SET balance = balance + ${change}`, { id: to, amount });
}
