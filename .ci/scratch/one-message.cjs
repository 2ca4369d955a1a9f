// Boots a Nest application on the installed packages, publishes one message and ends when its row is there and it is
// acknowledged. Plain JavaScript: decorators are the functions they are.
const NAME = `scratch_${process.pid}`;
const WITHIN_MS = 20_000;

module.exports = async function handleOneMessage({ common, NestFactory, db, queue, Redis, createConnection }) {
  const admin = await createConnection(process.env.MYSQL_URL);
  const redis = new Redis(process.env.REDIS_URL, { protocol: 2 });
  await admin.query(`CREATE DATABASE ${NAME}`);
  await admin.query(`CREATE TABLE ${NAME}.seen (id VARCHAR(40) PRIMARY KEY)`);
  try {
    const url = new URL(process.env.MYSQL_URL);
    url.pathname = `/${NAME}`;
    const app = await NestFactory.createApplicationContext(moduleOf({ common, db, queue }, url.href), {
      logger: ['error', 'warn'],
    });
    app.enableShutdownHooks();
    await app.get(queue.StreamPublisher).publish(NAME, { id: 'first' });
    await until(async () => (await admin.query(`SELECT id FROM ${NAME}.seen`))[0].length === 1, 'the row');
    await until(async () => (await redis.xpending(NAME, 'scratch'))[0] === 0, 'the acknowledgement');
    await app.close();
    console.log('one message handled, committed and acknowledged');
  } finally {
    await redis.del(NAME);
    redis.disconnect();
    await admin.query(`DROP DATABASE ${NAME}`);
    await admin.end();
  }
};

function moduleOf({ common, db, queue }, url) {
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
      db.SafeSyncDbModule.forRoot({ connection: { url } }),
      queue.SafeSyncQueueModule.forRoot({ connections: process.env.REDIS_URL }),
      queue.SafeSyncQueueModule.forFeature([{ name: NAME }]),
    ],
    providers: [SeenHandler],
  })(ScratchModule);
  return ScratchModule;
}

async function until(fact, what) {
  const deadline = Date.now() + WITHIN_MS;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
