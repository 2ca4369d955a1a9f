/** A piece of SQL text that is neither white space nor a comment. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'parameter' | 'userVariable' | 'systemVariable' | 'symbol';
  /** The text itself; without quotes for `quoted`, without the colon for `parameter`, empty for `string`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Thrown for text whose meaning depends on the server that reads it. */
export class ExecutableCommentError extends Error {}

const TAB = 9;
const SPACE = 32;
const NEWLINE = 10;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const SINGLE_QUOTE = 39;
const ASTERISK = 42;
const MINUS = 45;
const SLASH = 47;
const COLON = 58;
const AT = 64;
const BACKSLASH = 92;
const BACKTICK = 96;

/**
 * Splits SQL as MySQL and MariaDB read it with backslash escapes on and ANSI_QUOTES off (both are checked on every connection).
 * Strings, quoted identifiers and comments are skipped as wholes, so nothing in them is ever taken for a parameter or a keyword.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const afterBlank = skipBlank(sql, at);
    if (afterBlank > at) {
      at = afterBlank;
      continue;
    }
    const token = readToken(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** The position after one run of white space or one comment that starts at `at`; `at` itself when neither does. */
function skipBlank(sql: string, at: number): number {
  const code = sql.charCodeAt(at);
  if (isSpace(code)) return at + 1;
  if (code === HASH || (code === MINUS && startsDashComment(sql, at))) return afterLine(sql, at);
  if (code === SLASH && sql.charCodeAt(at + 1) === ASTERISK) return afterBlockComment(sql, at);
  return at;
}

function startsDashComment(sql: string, at: number): boolean {
  if (sql.charCodeAt(at + 1) !== MINUS) return false;
  return at + 2 >= sql.length || sql.charCodeAt(at + 2) <= SPACE;
}

function afterLine(sql: string, at: number): number {
  const newline = sql.indexOf('\n', at);
  return newline === -1 ? sql.length : newline + 1;
}

function afterBlockComment(sql: string, at: number): number {
  if (/^\/\*M?!/.test(sql.slice(at, at + 4))) throw new ExecutableCommentError();
  const close = sql.indexOf('*/', at + 2);
  return close === -1 ? sql.length : close + 2;
}

function readToken(sql: string, at: number): Token {
  const code = sql.charCodeAt(at);
  if (code === SINGLE_QUOTE || code === DOUBLE_QUOTE) {
    return { kind: 'string', text: '', start: at, end: afterQuoted(sql, at, true) };
  }
  if (code === BACKTICK) {
    const end = afterQuoted(sql, at, false);
    return { kind: 'quoted', text: sql.slice(at + 1, end - 1).replaceAll('``', '`'), start: at, end };
  }
  if (code === COLON) return readColon(sql, at);
  if (code === AT) return readVariable(sql, at);
  if (isWordCode(code)) return take(sql, 'word', at, afterWord(sql, at));
  return take(sql, 'symbol', at, at + 1);
}

/** `:name` is a parameter; `::`, `:=` and a lone colon are symbols. */
function readColon(sql: string, at: number): Token {
  const next = sql.charCodeAt(at + 1);
  if (next === COLON || next === 61) return take(sql, 'symbol', at, at + 2);
  const afterCast = at > 1 && sql.charCodeAt(at - 1) === COLON;
  if (!isNameStart(next) || afterCast) return take(sql, 'symbol', at, at + 1);
  let end = at + 1;
  while (isNameCode(sql.charCodeAt(end))) end += 1;
  return { kind: 'parameter', text: sql.slice(at + 1, end), start: at, end };
}

function readVariable(sql: string, at: number): Token {
  if (sql.charCodeAt(at + 1) === AT) return take(sql, 'systemVariable', at, afterWord(sql, at + 2));
  const next = sql.charCodeAt(at + 1);
  const isQuote = next === SINGLE_QUOTE || next === DOUBLE_QUOTE || next === BACKTICK;
  return take(sql, 'userVariable', at, isQuote ? afterQuoted(sql, at + 1, next !== BACKTICK) : afterWord(sql, at + 1));
}

/** The position after the closing quote; a doubled quote, and after a backslash any character, belongs to the text. */
function afterQuoted(sql: string, at: number, hasEscapes: boolean): number {
  const quote = sql.charCodeAt(at);
  let cursor = at + 1;
  while (cursor < sql.length) {
    const code = sql.charCodeAt(cursor);
    if (code === BACKSLASH && hasEscapes) cursor += 2;
    else if (code !== quote) cursor += 1;
    else if (sql.charCodeAt(cursor + 1) === quote) cursor += 2;
    else return cursor + 1;
  }
  return sql.length;
}

function afterWord(sql: string, at: number): number {
  let end = at;
  while (isWordCode(sql.charCodeAt(end))) end += 1;
  return end;
}

function take(sql: string, kind: Token['kind'], start: number, end: number): Token {
  return { kind, text: sql.slice(start, end), start, end };
}

function isSpace(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= NEWLINE + 3);
}

function isNameStart(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}

function isNameCode(code: number): boolean {
  return isNameStart(code) || (code >= 48 && code <= 57);
}

/** Letters, digits, `_`, `$` and everything beyond ASCII: what an unquoted identifier or a number is made of. */
function isWordCode(code: number): boolean {
  return isNameCode(code) || code === 36 || code >= 128;
}
