import { type EffectFindings, TcpProxy, WorkerCrew, type WorkerProcess } from '@safesync/testing';
import { FaultWorld } from '../kit/fault-world.js';
import { spawnProgram } from '../kit/workers.js';
import type { ProcessSample, SoakSettings } from './soak-settings.js';

const CREW = 2;
/** Until a process has started and collected its garbage, on a machine that has much to do. */
const ANSWER_MS = 60_000;

/** What is kept of one moment. */
export interface Sample {
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly sockets: number;
  readonly consumers: number;
  readonly inboxRows: number;
  readonly outboxRows: number;
  readonly streamEntries: number;
}

/**
 * One process that lives through all faults, whose memory is looked at; a crew that is killed; streams, tables, and a network
 * that is cut.
 */
export class SoakWorld {
  private samples = 0;

  private constructor(
    readonly world: FaultWorld,
    private readonly streams: { readonly orders: string; readonly entries: string },
    readonly network: TcpProxy,
    private readonly steady: WorkerProcess,
    readonly crew: WorkerCrew,
  ) {}

  static async open(keepMs: number): Promise<SoakWorld> {
    const world = await FaultWorld.open(true);
    await world.database.pool.query(
      'CREATE TABLE entries (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, KEY (n))',
    );
    const [orders, entries] = [await world.stream(), await world.stream()];
    const { hostname, port } = new URL(world.redis.url);
    const network = await TcpProxy.start({ host: hostname, port: Number(port) });
    const redisUrl = network.url(world.redis.url);
    const settings = { databaseUrl: world.database.url, redisUrl, orders, entries, keepMs };
    const steady = await start(settings);
    const crew = await WorkerCrew.start(CREW, () => start(settings));
    return new SoakWorld(world, { orders, entries }, network, steady, crew);
  }

  get orders(): string {
    return this.streams.orders;
  }

  async close(): Promise<void> {
    await Promise.all([this.crew.stop(), this.steady.kill()]);
    await this.network.stop();
    await this.world.close();
  }

  async sample(): Promise<Sample> {
    const number = ++this.samples;
    this.steady.send({ sample: number });
    const isIt = (message: unknown): message is ProcessSample => (message as Partial<ProcessSample>).sample === number;
    const own = await this.steady.message(isIt, `sample ${number}`, ANSWER_MS);
    return {
      heapMiB: own.heapBytes / 2 ** 20,
      rssMiB: own.rssBytes / 2 ** 20,
      sockets: own.sockets,
      consumers: await this.consumers(),
      inboxRows: await this.rows('safesync_inbox'),
      outboxRows: await this.rows('safesync_outbox'),
      streamEntries: await this.streamEntries(),
    };
  }

  /** Ends one of the connections that its processes have to the database. */
  async killConnection(choose: (ids: readonly string[]) => string): Promise<void> {
    const sql = 'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()';
    const ids = (await this.world.database.rows<{ id: string }>(sql)).map(({ id }) => id);
    // it may have ended by itself
    if (ids.length > 0) await this.world.database.pool.query(`KILL CONNECTION ${choose(ids)}`).catch(() => undefined);
  }

  async settled(): Promise<void> {
    await this.world.settled(this.orders, ANSWER_MS);
    await this.world.outboxSettled(this.streams.entries, ANSWER_MS);
    await this.world.settled(this.streams.entries, ANSWER_MS);
  }

  /** The audit of the orders, and whether each has had its entry once. */
  async audit(): Promise<EffectFindings> {
    const findings = await this.world.audit({ countsInbox: false });
    const effects = new Set(await this.world.effects());
    const entries = (await this.world.database.rows<{ n: number }>('SELECT n FROM entries')).map(({ n }) => n);
    const distinct = new Set(entries);
    const counts: readonly (readonly [number, string])[] = [
      [entries.length - distinct.size, 'entries booked again'],
      [[...effects].filter((n) => !distinct.has(n)).length, 'orders without their entry'],
      [[...distinct].filter((n) => !effects.has(n)).length, 'entries without their order'],
    ];
    const faults = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    return { ...findings, faults: [...findings.faults, ...faults] };
  }

  private async consumers(): Promise<number> {
    const counts = Object.values(this.streams).map(async (stream) => {
      const consumers = (await this.world.redis.client.xinfo('CONSUMERS', stream, 'g')) as unknown[];
      return consumers.length;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  private async streamEntries(): Promise<number> {
    const lengths = Object.values(this.streams).map((stream) => this.world.redis.client.xlen(stream));
    return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
  }

  private async rows(table: string): Promise<number> {
    const [row] = await this.world.database.rows<{ n: string }>(`SELECT COUNT(*) AS n FROM ${table}`);
    return Number(row?.n);
  }
}

async function start(settings: SoakSettings): Promise<WorkerProcess> {
  const worker = await spawnProgram('soak-worker', settings, ['--expose-gc']);
  const isReady = (message: unknown): message is { ready: true } => 'ready' in (message as object);
  await worker.message(isReady, 'ready', ANSWER_MS);
  return worker;
}
