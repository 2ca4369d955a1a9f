import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of the real Redis that can lose answers, lose everything, or cut. */
export class RedisProxy {
  /** Answers are thrown away: the server has done what the client never hears of. */
  loseAnswers = false;
  /** Nothing passes in either direction, and nobody is told. */
  isBlackHole = false;
  connections = 0;
  private readonly pairs = new Set<readonly [Socket, Socket]>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(targetUrl: string): Promise<RedisProxy> {
    const server = createServer();
    const proxy = new RedisProxy(server, new URL(targetUrl));
    server.on('connection', (socket) => proxy.join(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends every connection now open. */
  cut(): void {
    for (const [near, far] of this.pairs) {
      near.destroy();
      far.destroy();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    this.connections += 1;
    const far = createConnection(Number(this.target.port), this.target.hostname);
    const pair = [near, far] as const;
    this.pairs.add(pair);
    near.on('data', (data) => {
      if (!this.isBlackHole) far.write(data);
    });
    far.on('data', (data) => {
      if (!this.isBlackHole && !this.loseAnswers) near.write(data);
    });
    for (const [socket, peer] of [pair, [far, near] as const]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.pairs.delete(pair);
        if (!this.isBlackHole) peer.destroy();
      });
    }
  }
}
