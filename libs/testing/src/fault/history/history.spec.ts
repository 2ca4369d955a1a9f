import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryRecorder, readHistory } from './history.js';

describe('history', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'history-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('merges what several recorded, in the order of time', () => {
    const [a, b] = [new HistoryRecorder(join(folder, 'a')), new HistoryRecorder(join(folder, 'b'))];
    a.record('commit', 'k1', 'invoke');
    b.record('commit', 'k2', 'invoke');
    a.record('commit', 'k1', 'ok');
    b.record('commit', 'k2', 'info');
    a.close();
    b.close();
    const events = readHistory([join(folder, 'a'), join(folder, 'b')]);
    expect(events.map(({ key, type }) => `${key} ${type}`)).toEqual(['k1 invoke', 'k2 invoke', 'k1 ok', 'k2 info']);
    expect(events[0]).toMatchObject({ pid: process.pid, op: 'commit' });
    expect(Math.abs((events[0]?.t ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('appends to what is there, and passes over a line that was cut short', () => {
    const path = join(folder, 'a');
    new HistoryRecorder(path).record('x', '1', 'ok');
    appendFileSync(path, '{"t":1,"pid":2,"op');
    expect(readHistory([path]).map(({ key }) => key)).toEqual(['1']);
    new HistoryRecorder(path).record('x', '2', 'ok');
    // the line that was cut short has swallowed the one after it on its line, and no other
    new HistoryRecorder(path).record('x', '3', 'ok');
    expect(readHistory([path]).map(({ key }) => key)).toEqual(['1', '3']);
  });
});
