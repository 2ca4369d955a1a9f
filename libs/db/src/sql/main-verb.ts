import type { WriteTarget } from './statement.js';
import type { Token } from './tokenizer.js';

const MAIN_VERB = /^(?:SELECT|INSERT|REPLACE|UPDATE|DELETE|TABLE|VALUES)$/i;
const MODIFIER = /^(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO)$/i;

/** Index of the deciding keyword: the first word, or after WITH the first verb outside of parentheses; -1 for none. */
export function findVerb(tokens: readonly Token[]): number {
  const first = tokens.findIndex((token) => !isSymbol(token, '('));
  const word = tokens[first];
  if (word?.kind !== 'word') return -1;
  return /^WITH$/i.test(word.text) ? findMainVerb(tokens, first) : first;
}

function findMainVerb(tokens: readonly Token[], from: number): number {
  let depth = 0;
  const at = tokens.findIndex((token, index) => {
    if (index <= from) return false;
    if (isSymbol(token, '(')) depth += 1;
    if (isSymbol(token, ')')) depth -= 1;
    return depth === 0 && token.kind === 'word' && MAIN_VERB.test(token.text);
  });
  return at === -1 ? from : at;
}

/** The table that a statement with this verb writes first, without its schema; `from` is the token after the verb. */
export function writeTarget(verb: string, tokens: readonly Token[], from: number): WriteTarget | undefined {
  if (verb !== 'INSERT' && verb !== 'REPLACE' && verb !== 'UPDATE') return undefined;
  let at = from;
  while (isModifier(tokens[at])) at += 1;
  while (isSymbol(tokens[at + 1], '.')) at += 2;
  const name = tokens[at];
  if (name === undefined || (name.kind !== 'word' && name.kind !== 'quoted')) return undefined;
  return { table: name.text, op: verb === 'UPDATE' ? 'update' : 'insert' };
}

/** True for an INSERT that fails on a duplicate; `from` is the token after the verb. */
export function isPlainInsert(verb: string, tokens: readonly Token[], from: number): boolean {
  if (verb !== 'INSERT') return false;
  for (let at = from; isModifier(tokens[at]); at += 1) if (isWords(tokens, at, 'IGNORE')) return false;
  return !tokens.some((_, at) => isWords(tokens, at, 'ON', 'DUPLICATE', 'KEY'));
}

/** True when these unquoted words, upper case here, start at `at`. */
export function isWords(tokens: readonly Token[], at: number, ...words: readonly string[]): boolean {
  return words.every((word, index) => {
    const token = tokens[at + index];
    return token?.kind === 'word' && token.text.toUpperCase() === word;
  });
}

function isModifier(token: Token | undefined): boolean {
  return token?.kind === 'word' && MODIFIER.test(token.text);
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}
