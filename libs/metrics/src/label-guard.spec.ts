import { LabelGuard } from './label-guard.js';

describe('LabelGuard', () => {
  it('returns the very labels while their values are few', () => {
    const guard = new LabelGuard(['stream'], 2);
    const labels = { stream: 'a' };
    expect(guard.bound(labels)).toBe(labels);
  });

  it('records a value too many as other, in the label that has too many only', () => {
    const guard = new LabelGuard(['stream', 'outcome'], 2);
    for (const stream of ['a', 'b']) guard.bound({ stream, outcome: 'ok' });
    expect(guard.bound({ stream: 'c', outcome: 'ok' })).toEqual({ stream: 'other', outcome: 'ok' });
    expect(guard.bound({ stream: 'a', outcome: 'failed' })).toEqual({ stream: 'a', outcome: 'failed' });
  });

  it('does not change the labels it was given', () => {
    const guard = new LabelGuard(['stream'], 1);
    guard.bound({ stream: 'a' });
    const labels = Object.freeze({ stream: 'b' });
    expect(guard.bound(labels)).toEqual({ stream: 'other' });
    expect(labels.stream).toBe('b');
  });
});
