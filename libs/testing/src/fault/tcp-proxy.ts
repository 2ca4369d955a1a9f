import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net';

/** What happens to the answer of a request that a trap was set for. */
export type Trap =
  /** The server gets the request and answers; the client never hears it and loses its connection. */
  | 'lose-reply'
  /** The server never gets the request; the client loses its connection. */
  | 'lose-request';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The trap has closed on this connection. */
  losesReply: boolean;
}

interface SetTrap {
  readonly matches: (bytes: Buffer) => boolean;
  readonly kind: Trap;
  readonly sprung: () => void;
}

/**
 * A TCP proxy in front of a server, for tests of what happens when the network fails: connect to `url(of)` instead of the
 * server, then cut, delay or silence what passes. Knows no protocol; a trap sees the bytes that a client sends in one piece.
 */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private readonly listener: Server;
  private trap: SetTrap | undefined;
  private isSilent = false;
  private delayMs = 0;
  private swallowed = 0;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.listener = createServer((client) => this.accept(client));
  }

  /** Listens on 127.0.0.1, on a free port unless one is given. */
  static async start(target: { readonly host: string; readonly port: number }, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.listener.once('error', reject);
      proxy.listener.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Connections open at the moment. */
  get connections(): number {
    return [...this.pairs].filter(({ client }) => !client.destroyed).length;
  }

  /** Bytes lost to silence so far. */
  get swallowedBytes(): number {
    return this.swallowed;
  }

  /** The server's URL with this proxy's address in it. */
  url(of: string): string {
    const url = new URL(of);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** Ends every connection, as a crashed peer would. New ones are accepted. */
  cut(): void {
    for (const pair of this.pairs) end(pair);
  }

  /** From now on nothing passes in either direction, and nobody is told: connections stay open. New ones are silent too. */
  silence(): void {
    this.isSilent = true;
  }

  /** Holds back everything by this long, in both directions; 0 ends it. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** Lets bytes pass again. What was swallowed in between is lost, so cut the connections that missed something. */
  heal(): void {
    this.isSilent = false;
    this.delayMs = 0;
    this.trap = undefined;
  }

  /**
   * Waits for the first request that holds `text` and springs the trap on its connection, once; resolves when the client has
   * lost it.
   */
  trapRequest(text: string, kind: Trap): Promise<void> {
    return new Promise((sprung) => {
      this.trap = { matches: (bytes) => bytes.includes(text), kind, sprung };
    });
  }

  /** Ends all connections and stops listening. */
  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private accept(client: Socket): void {
    const server = openSocket(this.target);
    const pair: Pair = { client, server, losesReply: false };
    this.pairs.add(pair);
    client.on('data', (bytes: Buffer) => this.request(pair, bytes));
    server.on('data', (bytes: Buffer) => this.reply(pair, bytes));
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // a reset is what a test of this kind asks for
      socket.on('error', () => end(pair));
      socket.on('close', () => {
        if (!this.isSilent) end(pair);
        // in silence the other side is not told, and stays until it is cut
        if (client.destroyed && server.destroyed) this.pairs.delete(pair);
      });
    }
  }

  private request(pair: Pair, bytes: Buffer): void {
    const { trap } = this;
    if (trap?.matches(bytes) !== true) {
      this.pass(pair.server, bytes);
      return;
    }
    this.trap = undefined;
    pair.client.once('close', trap.sprung);
    if (trap.kind === 'lose-request') {
      end(pair);
      return;
    }
    pair.losesReply = true;
    this.pass(pair.server, bytes);
  }

  private reply(pair: Pair, bytes: Buffer): void {
    if (pair.losesReply) end(pair);
    else this.pass(pair.client, bytes);
  }

  private pass(to: Socket, bytes: Buffer): void {
    if (this.isSilent) {
      this.swallowed += bytes.length;
      return;
    }
    if (this.delayMs === 0) to.write(bytes);
    else setTimeout(() => to.writable && to.write(bytes), this.delayMs);
  }
}

function end({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}
