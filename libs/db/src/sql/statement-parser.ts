import { InvalidParameterError } from '../db.errors.js';
import { findVerb, isPlainInsert, isWords, writeTarget } from './main-verb.js';
import { type Refusal, Statement, type StatementFacts } from './statement.js';
import { EXECUTABLE_COMMENT, refusalOf, SEVERAL_STATEMENTS } from './statement-policy.js';
import { ExecutableCommentError, type Token, tokenize } from './tokenizer.js';

const MAX_CACHED = 1_000;
const MAX_CACHED_LENGTH = 16_384;
const cache = new Map<string, Statement>();

/** The statement that `sql` holds. Texts are read once; the most recently added thousand are kept. */
export function statementOf(sql: string): Statement {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  const statement = new Statement(parse(sql));
  if (sql.length <= MAX_CACHED_LENGTH) remember(sql, statement);
  return statement;
}

function remember(sql: string, statement: Statement): void {
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string);
  cache.set(sql, statement);
}

function parse(sql: string): StatementFacts {
  if (typeof sql !== 'string') throw new InvalidParameterError('sql', `must be a text, not of type ${typeof sql}`);
  try {
    return factsOf(sql, tokenize(sql));
  } catch (error) {
    if (error instanceof ExecutableCommentError) return refused(sql, EXECUTABLE_COMMENT);
    throw error;
  }
}

function refused(sql: string, refusal: Refusal): StatementFacts {
  return {
    verb: '',
    segments: [sql],
    names: [],
    write: undefined,
    isNoWait: false,
    isPlainInsert: false,
    taint: undefined,
    refusal,
  };
}

function factsOf(sql: string, tokens: readonly Token[]): StatementFacts {
  const verbAt = findVerb(tokens);
  const verb = (tokens[verbAt]?.text ?? '').toUpperCase();
  return {
    verb,
    ...split(sql, tokens),
    write: writeTarget(verb, tokens, verbAt + 1),
    isNoWait: tokens.some((_, index) => endsLockWithoutWait(tokens, index)),
    isPlainInsert: isPlainInsert(verb, tokens, verbAt + 1),
    taint: taintOf(tokens),
    refusal: isSeveral(tokens) ? SEVERAL_STATEMENTS : refusalOf(verb, tokens.slice(verbAt + 1)),
  };
}

function split(sql: string, tokens: readonly Token[]): Pick<StatementFacts, 'segments' | 'names'> {
  const segments: string[] = [];
  const names: string[] = [];
  let from = 0;
  tokens.forEach((token, index) => {
    if (token.kind !== 'parameter') return;
    requireApart(token, tokens[index - 1], tokens[index + 1]);
    segments.push(sql.slice(from, token.start));
    names.push(token.text);
    from = token.end;
  });
  segments.push(sql.slice(from));
  return { segments, names };
}

/** A literal written next to a quote or a word would melt into it: `'a':x` would become one string. */
function requireApart(parameter: Token, before: Token | undefined, after: Token | undefined): void {
  const touchesBefore = before?.end === parameter.start && before.kind !== 'symbol';
  const touchesAfter = after?.start === parameter.end && after.kind !== 'symbol';
  if (touchesBefore || touchesAfter) {
    throw new InvalidParameterError(parameter.text, 'touches the text beside it; put a space between');
  }
}

/** `FOR UPDATE NOWAIT`, `LOCK IN SHARE MODE WAIT 0`: elsewhere the words are names. */
function endsLockWithoutWait(tokens: readonly Token[], at: number): boolean {
  const endsLock = isWords(tokens, at - 2, 'FOR', 'UPDATE') || isWords(tokens, at - 2, 'SHARE', 'MODE');
  if (!endsLock) return false;
  return isWords(tokens, at, 'NOWAIT') || (isWords(tokens, at, 'WAIT') && tokens[at + 1]?.text === '0');
}

function taintOf(tokens: readonly Token[]): string | undefined {
  if (tokens.some((token) => token.kind === 'userVariable')) return 'a user variable was set or read';
  const lock = tokens.some(
    ({ kind, text }, index) =>
      // a function's name may be quoted
      (kind === 'word' || kind === 'quoted') && USER_LOCK.test(text) && tokens[index + 1]?.text === '(',
  );
  return lock ? 'a named lock was taken or released by hand' : undefined;
}

const USER_LOCK = /^(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS)$/i;

function isSeveral(tokens: readonly Token[]): boolean {
  const end = tokens.findIndex(({ kind, text }) => kind === 'symbol' && text === ';');
  return end !== -1 && tokens.slice(end).some(({ kind, text }) => kind !== 'symbol' || text !== ';');
}
