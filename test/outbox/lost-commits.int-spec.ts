import { DELIVERIES, StreamPublisher } from '@safesync/queue';
import { eventually, TcpProxy } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf } from '../queue/handler-world.js';
import { bootWithOutbox, openOutboxWorld } from './outbox-world.js';

const LOSSES = 500;
const COMMIT = 'COMMIT';

/** T4, DB-6: the inbox decides what nobody answered. */
describe('a handler whose COMMIT is not answered', () => {
  let world: HandlerWorld;
  let proxy: TcpProxy;

  beforeAll(async () => {
    world = await openOutboxWorld();
    const { hostname, port } = new URL(world.database.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  });
  beforeEach(() => world.reset());
  afterEach(() => world.closeApps());
  afterAll(async () => {
    await proxy?.stop();
    await world?.close();
  });

  const boot = (exactlyOnce: boolean) => {
    const retry = { baseMs: 1, maxMs: 2 };
    // the settings of a new connection name the level: READ COMMITTED would be taken for a COMMIT
    const session = { isolation: 'REPEATABLE READ' } as const;
    const handler = handlerOf({ stream: world.stream, group: world.group, exactlyOnce, retry, session }, effect);
    // a relay would commit as well
    return bootWithOutbox(world, handler, {
      databaseUrl: proxy.url(world.database.url),
      poolSize: 2,
      outbox: { relay: false },
    });
  };
  const ended = (outcome: string): number =>
    world.metrics.total(DELIVERIES, { stream: world.stream, group: world.group, outcome }) ?? 0;

  it(`has each effect once, ${LOSSES} times, half of them committed`, async () => {
    const publisher = (await boot(true)).get(StreamPublisher);
    for (let n = 0; n < LOSSES; n += 1) {
      const sprung = proxy.trapRequest(COMMIT, n % 2 === 0 ? 'lose-request' : 'lose-reply');
      await publisher.publish(world.stream, { n });
      await sprung;
      await eventually(() => ended('done') + ended('duplicate') === n + 1, { what: `the end of ${n}`, everyMs: 2 });
    }
    await world.nothingPending();
    expect(await world.effects()).toEqual(Array.from({ length: LOSSES }, (_, n) => n));
    expect([ended('done'), ended('duplicate')]).toEqual([LOSSES / 2, LOSSES / 2]);
  }, 120_000);

  it('control: without the inbox what was committed happens again', async () => {
    const publisher = (await boot(false)).get(StreamPublisher);
    const sprung = proxy.trapRequest(COMMIT, 'lose-reply');
    await publisher.publish(world.stream, { n: 1 });
    await sprung;
    await world.settled([1, 1]);
  });
});
