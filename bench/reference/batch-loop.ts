import { Redis } from 'ioredis';
import { type Connection, createConnection } from 'mysql2/promise';
import type { Transfer } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { BATCH_SIZE } from '../transfer/transfer-sets.js';
import { CoalescedAcks } from './coalesced-acks.js';
import { Prefetch } from './prefetch.js';
import { readTransfers } from './read-loop.js';

const PREFETCH_BATCHES = 4;

type Batch = readonly [id: string, transfer: Transfer][];

/** The loop of B with a batch in each transaction: reads ahead, a pinned connection for each lane, no BEGIN, acknowledgements coalesced. */
export async function runBatches(
  setup: TransferSetup,
  probe: Probe,
  work: (lane: Connection, transfers: readonly Transfer[]) => Promise<void>,
): Promise<void> {
  const reader = new Redis(setup.redisUrl, { protocol: 2 });
  const acks = new CoalescedAcks(new Redis(setup.redisUrl, { protocol: 2 }), setup);
  const read = async (batches: number): Promise<Batch[]> =>
    chunks(await readTransfers(reader, setup, batches * BATCH_SIZE));
  const source = new Prefetch(read, PREFETCH_BATCHES);
  for (let lane = 0; lane < setup.concurrency; lane++) {
    const connection = await createConnection(setup.mysqlUrl);
    await connection.query('SET autocommit = 0');
    void runLane(connection);
  }

  async function runLane(lane: Connection): Promise<never> {
    for (;;) {
      const batch = await source.take();
      const transfers = batch.map(([, transfer]) => transfer);
      for (const { id } of transfers) probe.started(id);
      await work(lane, transfers);
      for (const _ of batch) probe.finished();
      await lane.query('COMMIT');
      for (const [id] of batch) acks.add(id);
    }
  }
}

function chunks(entries: Batch): Batch[] {
  const count = Math.ceil(entries.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, at) => entries.slice(at * BATCH_SIZE, (at + 1) * BATCH_SIZE));
}
