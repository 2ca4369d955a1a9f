import { RedisConnection } from '@safesync/queue';
import { TcpProxy } from '@safesync/testing';
import { createTestRedis, type TestRedis } from '../support/redis.js';

/** A stream of its own for each test, a proxy in front of Redis, and connections that end with the test. */
export class PublishWorld {
  readonly redis: TestRedis = createTestRedis();
  stream = '';
  proxy!: TcpProxy;
  private readonly opened: { close(): void }[] = [];

  /** For `beforeEach`. */
  async reset(): Promise<void> {
    const { hostname, port } = new URL(this.redis.url);
    this.stream = this.redis.key('s');
    this.proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  }

  /** For `afterEach`. */
  async end(): Promise<void> {
    for (const connection of this.opened.splice(0)) connection.close();
    await this.proxy.stop();
  }

  connect(url = this.redis.url, options: ConstructorParameters<typeof RedisConnection>[1] = {}): RedisConnection {
    const connection = new RedisConnection(url, options);
    this.opened.push(connection);
    return connection;
  }

  connectByProxy(): RedisConnection {
    return this.connect(this.proxy.url(this.redis.url));
  }

  /** The next `times` requests that hold `text` reach the server, and their answers are lost with the connection. */
  async loseReplies(text: string, times: number): Promise<void> {
    for (let lost = 0; lost < times; lost++) await this.proxy.trapRequest(text, 'lose-reply');
  }

  /** What is in the stream, in order. */
  async entries(stream = this.stream): Promise<{ readonly id: string; readonly data: unknown }[]> {
    const entries = await this.redis.client.xrange(stream, '-', '+');
    return entries.map(([id, fields]) => ({ id, data: JSON.parse(fields[1] as string) as unknown }));
  }
}

export async function failureOf(work: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  return work.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: Error) => error,
  );
}
