import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '../../waiting/eventually.js';
import { TcpProxy } from './tcp-proxy.js';

/** A client that keeps what it hears. */
interface Client {
  readonly socket: Socket;
  heard: string;
}

describe('TcpProxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  const asked: string[] = [];
  const clients: Client[] = [];

  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        asked.push(String(bytes));
        socket.write(`re:${String(bytes)}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(async () => {
    asked.length = 0;
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });
  afterEach(async () => {
    await proxy.stop();
    for (const { socket } of clients.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  const open = async (): Promise<Client> => {
    const socket = connect(proxy.port, '127.0.0.1');
    const client: Client = { socket, heard: '' };
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      client.heard += String(bytes);
    });
    clients.push(client);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return client;
  };
  const hears = (client: Client, text: string): Promise<unknown> =>
    eventually(() => client.heard === text, { what: `the client hears "${text}"`, everyMs: 2 });
  const closed = ({ socket }: Client): Promise<unknown> =>
    eventually(() => socket.closed, { what: 'the client is cut' });

  it('passes everything on, both ways, and puts its address into a URL', async () => {
    const client = await open();
    client.socket.write('hello');
    await hears(client, 're:hello');
    expect(proxy.url('mysql://me@elsewhere:3306/db')).toBe(`mysql://me@127.0.0.1:${proxy.port}/db`);
  });

  it('cuts every connection, and accepts new ones', async () => {
    const client = await open();
    client.socket.write('a');
    await hears(client, 're:a');
    proxy.cut();
    await closed(client);
    const next = await open();
    next.socket.write('b');
    await hears(next, 're:b');
    expect(proxy.connections).toBe(1);
  });

  it('is silent until healed, and leaves connections open meanwhile', async () => {
    const client = await open();
    client.socket.write('a');
    await hears(client, 're:a');
    proxy.silence();
    client.socket.write('lost');
    await eventually(() => proxy.swallowedBytes === 4, { what: 'the proxy has swallowed it' });
    expect(asked).toEqual(['a']);
    expect(client.socket.closed).toBe(false);
    proxy.heal();
    const next = await open();
    next.socket.write('b');
    await hears(next, 're:b');
    expect(asked).toEqual(['a', 'b']);
  });

  it('holds bytes back and still brings them all', async () => {
    proxy.delay(20);
    const client = await open();
    client.socket.write('late');
    await hears(client, 're:late');
    expect(asked).toEqual(['late']);
  });

  it.each([
    ['lose-reply', ['COMMIT']],
    ['lose-request', []],
  ] as const)('springs a trap once: %s, the server has heard %p', async (kind, expected) => {
    const client = await open();
    const other = await open();
    const sprung = proxy.trapRequest('COMMIT', kind);
    other.socket.write('something else');
    await hears(other, 're:something else');
    asked.length = 0;
    client.socket.write('COMMIT');
    await sprung;
    await closed(client);
    expect(client.heard).toBe('');
    expect(asked).toEqual(expected);
    other.socket.write('COMMIT');
    await hears(other, 're:something elsere:COMMIT');
  });

  it('swallows the answer to one request, found although it comes in two pieces, and keeps the connection', async () => {
    const client = await open();
    const asking = proxy.swallowReplyTo(/COM+IT/);
    client.socket.write('COM');
    await hears(client, 're:COM');
    client.socket.write('MIT');
    await asking;
    await eventually(() => proxy.swallowedBytes === 'MIT'.length + 3, { what: 'the answer is swallowed' });
    expect([asked.join(''), client.heard, client.socket.closed]).toEqual(['COMMIT', 're:COM', false]);
  });

  it.each([
    ['requests', [], ''],
    ['replies', ['a'], ''],
  ] as const)('silences %s only', async (direction, heardByServer, heardByClient) => {
    const client = await open();
    proxy.silence(direction);
    client.socket.write('a');
    await eventually(() => proxy.swallowedBytes > 0, { what: 'the proxy has swallowed something' });
    expect(asked).toEqual(heardByServer);
    expect(client.heard).toBe(heardByClient);
  });

  it('lets few bytes pass at a time, all of them in order, and the rest at once when healed', async () => {
    const client = await open();
    proxy.throttle(20, 'replies');
    client.socket.write('abc');
    await eventually(() => client.heard.length > 0, { what: 'the first byte', everyMs: 1 });
    expect('re:abc'.startsWith(client.heard) && client.heard.length < 6).toBe(true);
    proxy.heal();
    await hears(client, 're:abc');
  });

  it('keeps the order when a delay ends', async () => {
    const client = await open();
    proxy.delay(200);
    client.socket.write('first ');
    await eventually(() => proxy.heldBytes === 6, { what: 'held back', everyMs: 1 });
    proxy.heal();
    client.socket.write('second');
    await eventually(() => asked.join('').length === 12, { what: 'both arrived' });
    expect(asked.join('')).toBe('first second');
  });

  it.each([false, true])('cuts within an answer, reset: %p', async (reset) => {
    const client = await open();
    const done = proxy.cutAfter(4, { reset });
    client.socket.write('hello');
    await done;
    await closed(client);
    // what was on its way may be lost to a reset
    expect(['re:h', ...(reset ? [''] : [])]).toContain(client.heard);
    const next = await open();
    next.socket.write('b');
    await hears(next, 're:b');
  });

  it('refuses new connections, keeps the open ones, and is back on its port when healed', async () => {
    const client = await open();
    client.socket.write('a');
    await hears(client, 're:a');
    const { port } = proxy;
    proxy.refuse();
    const refused = connect(port, '127.0.0.1');
    const code = await new Promise((resolve) => refused.once('error', (e: NodeJS.ErrnoException) => resolve(e.code)));
    expect(code).toBe('ECONNREFUSED');
    client.socket.write('b');
    await hears(client, 're:are:b');
    proxy.heal();
    expect(proxy.port).toBe(port);
    const next = await eventually(open, { what: 'a new connection' });
    next.socket.write('c');
    await hears(next, 're:c');
  });
});
