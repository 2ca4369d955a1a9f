import type { Refusal } from './statement.js';
import type { Token } from './tokenizer.js';

/** What may run inside a session: statements that neither end the transaction nor outlive it on the connection. */
const ALLOWED: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'REPLACE',
  'UPDATE',
  'DELETE',
  'TABLE',
  'VALUES',
  'SHOW',
  'DESC',
  'DESCRIBE',
  'EXPLAIN',
  'DO',
]);

const TRANSACTION_CONTROL: ReadonlySet<string> = new Set([
  'BEGIN',
  'START',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT',
  'RELEASE',
  'XA',
]);

export const SEVERAL_STATEMENTS: Refusal = {
  why: 'the text holds more than one statement',
  remedy: 'Send one statement at a time.',
};

export const EXECUTABLE_COMMENT: Refusal = {
  why: 'its /*! comment */ is code on some servers and not on others',
  remedy: 'Write the code without the comment; hints (/*+ */) are fine.',
};

const OWNS_TRANSACTION: Refusal = {
  why: 'the session starts and ends its transaction itself',
  remedy: 'Return to commit, throw to roll back, and nest with session.savepoint().',
};

const CHANGES_CONNECTION: Refusal = {
  why: 'it would change the connection for whoever uses it next',
  remedy: 'Use the session options (isolation, lockWaitMs, readOnly); only user variables can be set here.',
};

const OPAQUE: Refusal = {
  why: 'what it runs may commit, and the session could not see it',
  remedy: 'Send its statements one by one, or run it outside of a session.',
};

const COMMITS: Refusal = {
  why: 'it commits implicitly, or is not known to be undone by a rollback',
  remedy: 'Run it outside of a session, in a migration for example.',
};

/** Why a statement with this verb is refused; `rest` are the tokens after the verb. */
export function refusalOf(verb: string, rest: readonly Token[]): Refusal | undefined {
  if (ALLOWED.has(verb)) return undefined;
  if (verb === 'SET') return setsOnlyUserVariables(rest) ? undefined : CHANGES_CONNECTION;
  if (verb === 'USE' || verb === 'RESET') return CHANGES_CONNECTION;
  if (verb === 'CALL' || verb === 'PREPARE' || verb === 'EXECUTE') return OPAQUE;
  return TRANSACTION_CONTROL.has(verb) ? OWNS_TRANSACTION : COMMITS;
}

/** `SET @a = 1, @b = 2`: every assignment, at the top level, starts with a user variable. */
function setsOnlyUserVariables(rest: readonly Token[]): boolean {
  let depth = 0;
  let expectsTarget = true;
  for (const { kind, text } of rest) {
    if (expectsTarget && kind !== 'userVariable') return false;
    expectsTarget = false;
    if (kind !== 'symbol') continue;
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    else if (text === ',' && depth === 0) expectsTarget = true;
  }
  return !expectsTarget;
}
