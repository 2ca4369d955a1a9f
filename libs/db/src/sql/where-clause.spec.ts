import { InvalidIdentifierError, InvalidParameterError } from '../db.errors.js';
import { whereClause } from './where-clause.js';

describe('whereClause', () => {
  it('names columns in one order, whatever theirs', () => {
    expect(whereClause({ b: 2, a: 'x' })).toEqual({
      sql: '`a` = :where_0_a AND `b` = :where_1_b',
      params: { where_0_a: 'x', where_1_b: '2' },
    });
    expect(whereClause({ a: 'x', b: 2 })).toEqual(whereClause({ b: 2, a: 'x' }));
  });

  it('reads null as IS NULL, arrays as any of their values, and an empty array as no row', () => {
    expect(whereClause({ a: null, b: [1, 2], c: [] })).toEqual({
      sql: '`a` IS NULL AND (`b` = :where_1_b_0 OR `b` = :where_1_b_1) AND FALSE',
      params: { where_1_b_0: '1', where_1_b_1: '2' },
    });
  });

  it('refuses to mean every row', () => {
    expect(() => whereClause({}, 'condition')).toThrow('"condition" must name at least one column');
    expect(() => whereClause(null as unknown as { a: 1 })).toThrow(InvalidParameterError);
  });

  it('refuses null in a list, and names that cannot be a column', () => {
    expect(() => whereClause({ a: [1, null] })).toThrow(InvalidParameterError);
    expect(() => whereClause({ 'a = 1 OR 1': 1 })).toThrow(InvalidIdentifierError);
  });
});
