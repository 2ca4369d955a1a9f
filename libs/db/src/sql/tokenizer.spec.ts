import fc from 'fast-check';
import { escape as escapeLiteral } from 'mysql2';
import { statementOf } from './statement-parser.js';
import { ExecutableCommentError, tokenize } from './tokenizer.js';

const shape = (sql: string): string =>
  tokenize(sql)
    .map(({ kind, text }) => `${kind}:${text}`)
    .join(' ');
const names = (sql: string): string[] =>
  tokenize(sql)
    .filter(({ kind }) => kind === 'parameter')
    .map(({ text }) => text);

describe('tokenize', () => {
  it.each([
    ["SELECT ':a', :b", ['b']],
    ["SELECT 'it''s :a', :b", ['b']],
    ["SELECT 'it\\'s :a', :b", ['b']],
    ["SELECT '\\\\', :b", ['b']],
    ['SELECT ":a", :b', ['b']],
    ['SELECT "say ""x"" :a", :b', ['b']],
    ['SELECT `:a`, `b``:c`, :d', ['d']],
    ['SELECT 1 -- :a\n, :b', ['b']],
    ['SELECT 1 # :a\n, :b', ['b']],
    ['SELECT 1 /* :a */, :b', ['b']],
    ['SELECT /*+ SET_VAR(x=:a) */ :b', ['b']],
    ['SELECT 2--1, :b', ['b']],
    ['SELECT 1 --', []],
    ['SELECT :a::char, :b', ['a', 'b']],
    ['SELECT @x:=1, @y := :b', ['b']],
    ["SELECT TIME '12:30:15', :b", ['b']],
    ['SELECT 12:30', []],
    ['SELECT :a+:b*:a', ['a', 'b', 'a']],
    ['SELECT :_x1, (:Y)', ['_x1', 'Y']],
    ["SELECT 'open :a", []],
    ['SELECT `open :a', []],
    ['SELECT 1 /* open :a', []],
    ['', []],
  ])('finds the parameters of %j', (sql, expected) => {
    expect(names(sql)).toEqual(expected);
  });

  it('tells variables, identifiers, words and symbols apart', () => {
    expect(shape("SELECT `a``b`.c$1, @x, @'y z', @@GLOBAL.z, été")).toBe(
      "word:SELECT quoted:a`b symbol:. word:c$1 symbol:, userVariable:@x symbol:, userVariable:@'y z' symbol:, " +
        'systemVariable:@@GLOBAL symbol:. word:z symbol:, word:été',
    );
  });

  it.each(['SELECT /*!50000 1 */', 'SELECT /*M! 1 */ 2', '/*!COMMIT*/'])(
    'refuses the executable comment in %j',
    (sql) => {
      expect(() => tokenize(sql)).toThrow(ExecutableCommentError);
    },
  );

  it('reads its tokens in order and without overlap, whatever the text', () => {
    const alphabet = fc.constantFrom(...Array.from('\'"`:\\/*-# \n;@ab=_(,)?é'));
    const isInOrder = (sql: string): boolean => {
      let end = 0;
      return tokenize(sql).every((token) => {
        const follows = token.start >= end && token.end > token.start && token.end <= sql.length;
        end = token.end;
        return follows;
      });
    };
    const property = fc.property(fc.string({ unit: alphabet, maxLength: 40 }), (sql) => {
      try {
        return isInOrder(sql);
      } catch (error) {
        return error instanceof ExecutableCommentError;
      }
    });
    expect(fc.check(property, { numRuns: 5_000 }).failed).toBe(false);
  });

  it('finds exactly the parameters of a text put together from known pieces', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('\':"`\\ab\n#-*;')) });
    const piece = fc.oneof(
      text.map((value) => ({ sql: escapeLiteral(value), names: [] as string[] })),
      text.map((value) => ({ sql: `"${value.replace(/[\\"]/g, '\\$&')}"`, names: [] })),
      text.map((value) => ({ sql: `\`x${value.replaceAll('`', '``')}\``, names: [] })),
      text.map((value) => ({ sql: `/* ${value.replaceAll('*', '')} */`, names: [] })),
      text.map((value) => ({ sql: `-- ${value.replaceAll('\n', '')}\n`, names: [] })),
      text.map((value) => ({ sql: `#${value.replaceAll('\n', '')}\n`, names: [] })),
      fc.constantFrom('a', 'b', 'c').map((name) => ({ sql: `:${name}`, names: [name] })),
      fc.constantFrom('word', '17', '(', ')', ',', '=', '@v').map((sql) => ({ sql, names: [] })),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(names(pieces.map(({ sql }) => sql).join(' '))).toEqual(pieces.flatMap((one) => one.names));
      }),
      { numRuns: 5_000 },
    );
  });

  it('keeps the shape of a statement, whatever text is bound', () => {
    const statement = statementOf('SELECT * FROM t WHERE a = :a AND b IN (:b, :c) -- end');
    const nasty = fc.string({
      unit: fc.constantFrom(...Array.from('\'"\\:;`-#/*\0\n\x1a ?%é\u{1F600}x')),
      maxLength: 30,
    });
    fc.assert(
      fc.property(nasty, nasty, nasty, (a, b, c) => {
        const bound = tokenize(statement.bind({ a, b, c }));
        expect(bound.map(({ kind }) => kind).join()).toBe(
          'word,symbol,word,word,word,word,symbol,string,word,word,word,symbol,string,symbol,string,symbol',
        );
      }),
      { numRuns: 5_000 },
    );
  });
});
