import { DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { StreamPublisher } from '@safesync/queue';
import { inLanes, inRuns, MANY, type Publishing, type PublishSetup, type Work } from '../publish/publish-contender.js';
import { transfer } from '../transfer/transfer.js';
import { publishingApplication } from './publishing-application.js';
import { record } from './record-transfer.js';
import { RelayedOutbox } from './relayed-outbox.js';

/** Ours, in every way that there is. */
export async function start(setup: PublishSetup): Promise<Record<Work, Publishing>> {
  const app = await publishingApplication(setup);
  const { stream, concurrency } = setup;
  const publisher = app.get(StreamPublisher);
  const sessions = app.get(DbSessions);
  const outbox = app.get(Outbox);
  return {
    one: inLanes(1, (id) => publisher.publish(stream, transfer(id))),
    many: inRuns(MANY, (ids) =>
      publisher.publishMany(
        stream,
        ids.map((id) => ({ payload: transfer(id) })),
      ),
    ),
    transaction: inLanes(concurrency, (id) =>
      sessions.run(async (session) => {
        await record(session, transfer(id));
        await outbox.publish(session, stream, transfer(id));
      }),
    ),
    relay: new RelayedOutbox(setup, sessions, outbox),
  };
}
