import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { Lane } from './lane.js';
import { RequestTrap, type Trap } from './trap.js';
import { type Direction, fairWeather, type Weather } from './weather.js';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly requests: Lane;
  readonly replies: Lane;
  /** What a trap does to the answers on this connection. */
  trapped: Trap | undefined;
}

/**
 * A TCP proxy in front of a server, for tests of what happens when the network fails: connect to `url(of)` instead of the
 * server, then cut, delay, throttle, refuse or silence what passes. Knows no protocol; a trap looks at the bytes that a client
 * sends. Whatever was done, `heal` ends it.
 */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private readonly listener: Server;
  private readonly weather: { readonly requests: Weather; readonly replies: Weather };
  private readonly address: { port: number } = { port: 0 };
  private trap: RequestTrap | undefined;
  private isRefusing = false;
  private swallowed = 0;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.listener = createServer((client) => this.accept(client));
    this.weather = { requests: fairWeather(), replies: fairWeather() };
  }

  /** Listens on 127.0.0.1, on a free port unless one is given. */
  static async start(target: { readonly host: string; readonly port: number }, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await proxy.listen(port);
    proxy.address.port = (proxy.listener.address() as AddressInfo).port;
    return proxy;
  }

  /** Stays the same for the proxy's life. */
  get port(): number {
    return this.address.port;
  }

  /** Connections open at the moment. */
  get connections(): number {
    return [...this.pairs].filter(({ client }) => !client.destroyed).length;
  }

  /** Bytes lost to silence so far. */
  get swallowedBytes(): number {
    return this.swallowed;
  }

  /** Bytes held back at the moment, on connections that are open. */
  get heldBytes(): number {
    return [...this.pairs].reduce(
      (sum, { requests, replies }) => sum + requests.waitingBytes + replies.waitingBytes,
      0,
    );
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

  /** New connections are refused, as by a machine on which nothing listens; those that are open stay. */
  refuse(): void {
    if (this.isRefusing) return;
    this.isRefusing = true;
    this.listener.close();
  }

  /**
   * From now on nothing passes that way (default: either), and nobody is told: connections stay open. New ones are silent too. With
   * `requests` the server hears nothing, with `replies` it does what it is told and the client never learns of it.
   */
  silence(direction: Direction = 'both'): void {
    for (const weather of this.ways(direction)) weather.isSilent = true;
  }

  /** Holds back everything that goes that way (default: either) by this long; 0 ends it. */
  delay(ms: number, direction: Direction = 'both'): void {
    for (const weather of this.ways(direction)) weather.delayMs = ms;
  }

  /** Lets so many bytes a second pass that way (default: either) on each connection; 0 ends it. */
  throttle(bytesPerSecond: number, direction: Direction = 'both'): void {
    for (const weather of this.ways(direction)) weather.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Lets `bytes` more bytes pass that way, then ends the connection that carried the last of them, wherever in a frame that is;
   * with `reset` by a RST. Resolves when it has.
   */
  cutAfter(
    bytes: number,
    { direction = 'replies', reset = false }: { direction?: 'requests' | 'replies'; reset?: boolean } = {},
  ): Promise<void> {
    return new Promise((done) => {
      this.weather[direction].cutMark = { bytesLeft: bytes, isReset: reset, done };
    });
  }

  /** Lets bytes and connections pass again. What was swallowed in between is lost, so cut the connections that missed something. */
  heal(): void {
    Object.assign(this.weather.requests, fairWeather());
    Object.assign(this.weather.replies, fairWeather());
    this.trap = undefined;
    if (!this.isRefusing) return;
    this.isRefusing = false;
    this.listener.listen(this.port, '127.0.0.1');
  }

  /**
   * Waits for the first request that holds `text` and springs the trap on its connection, once; resolves when the client has
   * lost it, or with `swallow-reply` when the server has been asked.
   */
  trapRequest(text: string | RegExp, kind: Trap): Promise<void> {
    return new Promise((sprung) => {
      this.trap = new RequestTrap(text, kind, sprung);
    });
  }

  /** The first request that matches passes, and its answer never arrives; nor does anything later on its connection. */
  swallowReplyTo(text: string | RegExp): Promise<void> {
    return this.trapRequest(text, 'swallow-reply');
  }

  /** Ends all connections and stops listening. */
  async stop(): Promise<void> {
    this.cut();
    if (this.listener.listening) await new Promise((resolve) => this.listener.close(resolve));
  }

  private listen(port: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.listener.once('error', reject);
      this.listener.listen(port, '127.0.0.1', () => {
        this.listener.off('error', reject);
        resolve();
      });
    });
  }

  private ways(direction: Direction): Weather[] {
    const { requests, replies } = this.weather;
    if (direction === 'both') return [requests, replies];
    return [direction === 'requests' ? requests : replies];
  }

  private accept(client: Socket): void {
    const server = openSocket(this.target);
    const endThis = (isReset: boolean): void => end(pair, isReset);
    const pair: Pair = {
      client,
      server,
      requests: new Lane(client, server, this.weather.requests, endThis),
      replies: new Lane(server, client, this.weather.replies, endThis),
      trapped: undefined,
    };
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

  private get isSilent(): boolean {
    return this.weather.requests.isSilent || this.weather.replies.isSilent;
  }

  private request(pair: Pair, bytes: Buffer): void {
    const { trap } = this;
    if (trap?.matches(pair, bytes) !== true) {
      this.swallowed += pair.requests.push(bytes);
      return;
    }
    this.trap = undefined;
    pair.trapped = trap.kind;
    if (trap.kind === 'swallow-reply') trap.sprung();
    else pair.client.once('close', trap.sprung);
    if (trap.kind === 'lose-request') end(pair);
    else this.swallowed += pair.requests.push(bytes);
  }

  private reply(pair: Pair, bytes: Buffer): void {
    if (pair.trapped === 'lose-reply') end(pair);
    else if (pair.trapped === 'swallow-reply') this.swallowed += bytes.length;
    else this.swallowed += pair.replies.push(bytes);
  }
}

function end({ client, server }: Pair, isReset = false): void {
  if (isReset) client.resetAndDestroy();
  else client.destroy();
  server.destroy();
}
