import { Redis } from 'ioredis';
import { type Connection, createConnection } from 'mysql2/promise';
import { DEPOSIT, RECORD, type Transfer, WITHDRAW } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { CoalescedAcks } from './coalesced-acks.js';
import { Prefetch } from './prefetch.js';
import { readTransfers } from './read-loop.js';

const PREFETCH = 100;

/**
 * B: the same work by somebody who counts round trips: a reader that stays ahead, one pinned connection per lane with
 * autocommit off (no BEGIN), acknowledgements collected while one is in flight.
 */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const lanes = await Promise.all(Array.from({ length: setup.concurrency }, () => openLane(setup.mysqlUrl)));
  const acks = new CoalescedAcks(new Redis(setup.redisUrl, { protocol: 2 }), setup);
  const reader = new Redis(setup.redisUrl, { protocol: 2 });
  const source = new Prefetch((count) => readTransfers(reader, setup, count), PREFETCH);
  for (const lane of lanes) void run(lane, source, acks, probe);
}

async function openLane(url: string): Promise<Connection> {
  const connection = await createConnection(url);
  await connection.query('SET autocommit = 0');
  return connection;
}

type Source = Prefetch<[id: string, transfer: Transfer]>;

async function run(lane: Connection, source: Source, acks: CoalescedAcks, probe: Probe): Promise<never> {
  for (;;) {
    const [id, transfer] = await source.take();
    await inTransaction(lane, transfer, probe);
    acks.add(id);
  }
}

async function inTransaction(lane: Connection, { id, from, to, amount }: Transfer, probe: Probe): Promise<void> {
  probe.started(id);
  await lane.query(WITHDRAW, [amount, from]);
  await lane.query(DEPOSIT, [amount, to]);
  await lane.query(RECORD, [id, from, to, amount]);
  probe.finished();
  await lane.query('COMMIT');
}
