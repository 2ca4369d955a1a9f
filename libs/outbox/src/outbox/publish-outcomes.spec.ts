import { PublishOutcomeUnknownError, RedisReplyError, RedisUnavailableError } from '@safesync/queue';
import type { ClaimedRow } from './claimed-rows.js';
import { publishOutcomes } from './publish-outcomes.js';

const row = (id: number, attempts = 0): ClaimedRow => ({
  id: BigInt(id),
  orderKey: undefined,
  attempts,
  bytes: 1,
  ageMs: 0,
  data: '',
});
const oom = { error: new RedisReplyError('XADD', 'OOM', 'OOM no', 'Free memory.') };
const unknown = { error: new PublishOutcomeUnknownError('s', new Error('lost')) };
const unsent = { error: new RedisUnavailableError('Not sent.') };
const retry = { baseMs: 100, maxMs: 1_000 };

describe('publishOutcomes', () => {
  it('tells what was confirmed, refused, unanswered and not sent, row by row', () => {
    const chains = [[row(1), row(2)], [row(3), row(4), row(5)], [row(6)], [row(7)]];
    const results = [[{ entryId: '1-0' }, { entryId: '1-1' }], [{ entryId: '1-2' }, oom, unsent], [unknown], [unsent]];
    const outcomes = publishOutcomes(chains, results, retry);
    expect(outcomes.published.map(({ row: { id }, entryId }) => [id, entryId])).toEqual([
      [1n, '1-0'],
      [2n, '1-1'],
      [3n, '1-2'],
    ]);
    expect(outcomes.failed.map(({ row: { id }, code }) => [id, code])).toEqual([
      [4n, 'OOM'],
      [6n, 'PUBLISH_OUTCOME_UNKNOWN'],
    ]);
    // nothing is said of the one behind the refused one
    expect(outcomes.unsent).toBe(1);
  });

  it.each([
    [0, 50, 100],
    [2, 200, 400],
    [40, 500, 1_000],
  ])('puts a row off for longer after each attempt: %i before, %i to %i ms', (attempts, least, most) => {
    const { failed } = publishOutcomes([[row(1, attempts)]], [[oom]], retry);
    expect(failed[0]?.waitMs).toBeGreaterThanOrEqual(least);
    expect(failed[0]?.waitMs).toBeLessThanOrEqual(most);
  });

  it('blames nothing on rows behind one whose answer was lost', () => {
    const outcomes = publishOutcomes([[row(1), row(2)]], [[unknown, unknown]], retry);
    expect(outcomes.failed.map(({ row: { id } }) => id)).toEqual([1n]);
    expect(outcomes.unsent).toBe(0);
  });
});
