// Boots a Nest application on the installed packages, publishes one message and ends when its row is there and it is
// acknowledged and counted. Plain JavaScript: decorators are the functions they are.
const NAME = `scratch_${process.pid}`;

module.exports = async function handleOneMessage(packages) {
  const { NestFactory, queue, testing, Redis, createConnection, register } = packages;
  const admin = await createConnection(process.env.MYSQL_URL);
  const redis = new Redis(process.env.REDIS_URL, { protocol: 2 });
  await admin.query(`CREATE DATABASE ${NAME}`);
  await admin.query(`CREATE TABLE ${NAME}.seen (id VARCHAR(40) PRIMARY KEY)`);
  try {
    const url = new URL(process.env.MYSQL_URL);
    url.pathname = `/${NAME}`;
    const app = await NestFactory.createApplicationContext(moduleOf(packages, url.href), {
      logger: ['error', 'warn'],
    });
    app.enableShutdownHooks();
    await app.get(queue.StreamPublisher).publish(NAME, { id: 'first' });
    const { eventually } = testing;
    await eventually(async () => (await admin.query(`SELECT id FROM ${NAME}.seen`))[0].length === 1, {
      what: 'the row',
    });
    await eventually(async () => (await redis.xpending(NAME, 'scratch'))[0] === 0, { what: 'the acknowledgement' });
    const counted = `coti_safesync_queue_messages_ack_total{stream="${NAME}"} 1`;
    await eventually(async () => (await register.metrics()).includes(counted), { what: counted });
    await app.close();
    console.log('one message handled, committed, acknowledged and counted');
  } finally {
    await redis.del(NAME);
    redis.disconnect();
    await admin.query(`DROP DATABASE ${NAME}`);
    await admin.end();
  }
};

function moduleOf({ common, db, metrics, queue }, url) {
  class SeenHandler {
    async onMessage(message, session) {
      await session.execute('INSERT INTO seen (id) VALUES (:id)', { id: message.payload.id });
    }
  }
  const method = Object.getOwnPropertyDescriptor(SeenHandler.prototype, 'onMessage');
  queue.StreamHandler({ stream: NAME, group: 'scratch' })(SeenHandler.prototype, 'onMessage', method);
  common.Injectable()(SeenHandler);

  class ScratchModule {}
  common.Module({
    imports: [
      metrics.SafeSyncMetricsModule.forRoot(),
      db.SafeSyncDbModule.forRoot({ connection: { url } }),
      queue.SafeSyncQueueModule.forRoot({ connections: process.env.REDIS_URL }),
      queue.SafeSyncQueueModule.forFeature([{ name: NAME }]),
    ],
    providers: [SeenHandler],
  })(ScratchModule);
  return ScratchModule;
}
