import { type PublishedEntry, streamFaults } from './published-entries.js';

describe('streamFaults', () => {
  const entries = (...pairs: readonly (readonly [string, number])[]): PublishedEntry[] =>
    pairs.map(([key, n]) => ({ key, n }));

  it('finds none where each key is in order, whatever the keys are to each other and whatever comes again', () => {
    expect(streamFaults(entries(['a', 1], ['b', 4], ['a', 2], ['a', 1], ['b', 3 + 2]), [1, 2, 4, 5])).toEqual([]);
  });

  it.each([
    ['lost', entries(['a', 1]), [1, 2], '1 committed and not in the stream'],
    ['rolled back', entries(['a', 1], ['a', 2]), [1], '1 in the stream and not committed'],
    ['overtaken', entries(['a', 2], ['a', 1]), [1, 2], '1 arrived behind a later one of their key'],
  ])('finds what was %s', (_, stream, written, fault) => {
    expect(streamFaults(stream, written)).toEqual([fault]);
  });
});
