import { DbSessions } from '@safesync/db';
import { inLanes, type Publishing, type PublishSetup, type Work } from '../publish/publish-contender.js';
import { transfer } from '../transfer/transfer.js';
import { publishingApplication } from './publishing-application.js';
import { record } from './record-transfer.js';

/** Ours again, without the message: what a transaction costs before it publishes. */
export async function start(setup: PublishSetup): Promise<Partial<Record<Work, Publishing>>> {
  const sessions = (await publishingApplication(setup)).get(DbSessions);
  return {
    transaction: inLanes(setup.concurrency, (id) => sessions.run((session) => record(session, transfer(id)))),
  };
}
