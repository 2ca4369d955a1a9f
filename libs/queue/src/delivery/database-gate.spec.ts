import { DatabaseGate } from './database-gate.js';

describe('DatabaseGate', () => {
  let pings: number;
  let isUp: boolean;
  let log: string[];
  let gate: DatabaseGate;
  beforeEach(() => {
    pings = 0;
    isUp = true;
    log = [];
    const say = (line: string): void => void log.push(line);
    const ping = async (): Promise<void> => {
      pings += 1;
      if (!isUp) throw new Error('no route');
    };
    gate = new DatabaseGate('ledger', ping, { log: say, warn: say, error: say });
  });
  afterEach(() => gate.dispose());

  it('stays open when the database answers', async () => {
    expect(await gate.ask()).toBe(true);
    expect(gate.isOpen).toBe(true);
    expect(log).toEqual([]);
  });

  it('closes when it does not, and opens when it answers again', async () => {
    isUp = false;
    expect(await gate.ask()).toBe(false);
    expect(gate.isOpen).toBe(false);
    const opened = gate.opened(new AbortController().signal);
    const heard = new Promise<void>((resolve) => void gate.onOpen(resolve));
    isUp = true;
    await Promise.all([opened, heard]);
    expect(gate.isOpen).toBe(true);
    expect(log).toEqual([
      'Database "ledger": handlers wait until it answers, no delivery is counted (Error: no route)',
      'Database "ledger": answers again, handlers go on',
    ]);
  });

  it('asks once for all who ask at the same time, and not at all while it is closed', async () => {
    isUp = false;
    expect(await Promise.all([gate.ask(), gate.ask(), gate.ask()])).toEqual([false, false, false]);
    expect(pings).toBe(1);
    expect(await gate.ask()).toBe(false);
    expect(pings).toBe(1);
  });

  it('lets a waiting caller go when its signal aborts', async () => {
    isUp = false;
    await gate.ask();
    const caller = new AbortController();
    const waited = gate.opened(caller.signal);
    caller.abort();
    await waited;
    expect(gate.isOpen).toBe(false);
  });
});
