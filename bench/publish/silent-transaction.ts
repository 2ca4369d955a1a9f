import { DbSessions } from '@safesync/db';
import { transfer } from '../transfer/transfer.js';
import { inLanes, type Publishing, type PublishSetup, type Work } from './publishing.js';
import { record } from './record-transfer.js';
import { publishingApplication } from './safesync-application.js';

/** Ours again, without the message: what a transaction costs before it publishes. */
export async function start(setup: PublishSetup): Promise<Partial<Record<Work, Publishing>>> {
  const sessions = (await publishingApplication(setup)).get(DbSessions);
  return {
    transaction: inLanes(setup.concurrency, (id) => sessions.run((session) => record(session, transfer(id)))),
  };
}
