import type { INestApplicationContext } from '@nestjs/common';
import type { PublishSetup } from '../publish/publish-contender.js';
import { startApplication } from './application.js';

/** Connections beside those of the transactions: the relay's batches, its looks, and the transaction that fills the outbox. */
const RELAY_POOL = 4;

/** An application that publishes, directly and from transactions; it relays only where that is the work. */
export function publishingApplication(setup: PublishSetup): Promise<INestApplicationContext> {
  const { mysqlUrl, redisUrl, stream, work, concurrency } = setup;
  const relays = work === 'relay';
  const poolSize = relays ? RELAY_POOL : concurrency;
  return startApplication({ mysqlUrl, redisUrl, stream, poolSize, outbox: relays ? {} : { relay: false } });
}
