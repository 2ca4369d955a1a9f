import { planAppend, type ScriptedAppend } from './scripted-append.js';

const scripted = (plan: object): ScriptedAppend =>
  planAppend('s', '{}', { dedupeWindowMs: 10_000, ...plan }) as ScriptedAppend;

describe('planAppend', () => {
  it('is the text alone where nothing is asked for', () => {
    expect(planAppend('s', '{}', { dedupeWindowMs: 10_000 })).toBe('{}');
    expect(planAppend('s', '{}', { dedupeWindowMs: 10_000, delayMs: 0 })).toBe('{}');
  });

  it('may be repeated for half of the window, and never without a key', () => {
    expect(scripted({ dedupeKey: 'a' }).repeatableForMs).toBe(5_000);
    expect(scripted({ dedupeKey: 'a', delayMs: 1 }).repeatableForMs).toBe(5_000);
    expect(scripted({ delayMs: 1 }).repeatableForMs).toBe(0);
  });

  it('keeps keys apart without showing them', () => {
    const [a, b] = ['order-1', 'order-2'].map((dedupeKey) => scripted({ dedupeKey }).keys);
    expect(a).not.toEqual(b);
    expect(JSON.stringify([a, b])).not.toContain('order');
  });
});
