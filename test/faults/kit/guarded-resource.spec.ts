import { overlaps } from './guarded-resource.js';

describe('overlaps', () => {
  const writes = (...tokens: readonly number[]): { holder: number; token: string }[] =>
    tokens.map((token) => ({ holder: token, token: String(token) }));

  it.each<[readonly number[], number]>([
    [[], 0],
    [[1, 1, 2, 2, 10], 0],
    [[1, 2, 1], 1],
    [[2, 10, 9, 2, 10], 2],
  ])('of %p: %p', (tokens, expected) => expect(overlaps(writes(...tokens))).toBe(expected));
});
