import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export const CLOSE = Symbol('close');

/** What the fake does with a command: bytes to answer with, nothing at all, or the end of the connection. */
export type Reaction = string | typeof CLOSE | undefined;

/** A server that speaks just enough RESP to connect to, and otherwise answers as a test tells it. */
export class FakeRedis {
  /** Every command after the handshake, with the connection's number. */
  readonly received: { readonly connection: number; readonly command: string; readonly args: readonly string[] }[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private react: (command: string, args: readonly string[], connection: number) => Reaction,
  ) {}

  static async start(
    react: (command: string, args: readonly string[], connection: number) => Reaction,
    port = 0,
  ): Promise<FakeRedis> {
    const server = createServer();
    const fake = new FakeRedis(server, react);
    server.on('connection', (socket) => fake.serve(socket));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How often a command arrived, over all connections. */
  count(command: string): number {
    return this.received.filter((item) => item.command === command).length;
  }

  reactWith(react: (command: string, args: readonly string[], connection: number) => Reaction): void {
    this.react = react;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    const connection = ++this.connections;
    let buffered = '';
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      buffered += data.toString('latin1');
      for (let parsed = takeCommand(buffered); parsed; parsed = takeCommand(buffered)) {
        buffered = parsed.rest;
        this.answer(socket, connection, parsed.words);
      }
    });
  }

  private answer(socket: Socket, connection: number, [name = '', ...args]: readonly string[]): void {
    const command = name.toLowerCase();
    const handshake = command === 'client' || command === 'hello' || command === 'info' || command === 'auth';
    if (!handshake) this.received.push({ connection, command, args });
    const reaction = this.react(command, args, connection) ?? (handshake ? handshakeAnswer(command) : undefined);
    if (reaction === CLOSE) socket.destroy();
    else if (reaction !== undefined) socket.write(reaction);
  }
}

function handshakeAnswer(command: string): string {
  if (command !== 'info') return '+OK\r\n';
  const info = 'loading:0\r\nredis_version:7.0.0\r\n';
  return `$${info.length}\r\n${info}\r\n`;
}

function takeCommand(text: string): { words: string[]; rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  let at = head[0].length;
  const words: string[] = [];
  for (let i = 0; i < Number(head[1]); i++) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (!length) return undefined;
    const start = at + length[0].length;
    const end = start + Number(length[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(start, end));
    at = end + 2;
  }
  return { words, rest: text.slice(at) };
}
