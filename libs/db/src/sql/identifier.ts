import { InvalidIdentifierError } from '../db.errors.js';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/**
 * The identifier in backticks, so that reserved words work. Letters, digits and underscores only, at most 64, not starting
 * with a digit: nothing that needs escaping ever reaches the server. Throws `InvalidIdentifierError` otherwise.
 *
 * @param kind what the identifier names, for the error: `table`, `column`
 */
export function quoteIdentifier(name: string, kind = 'identifier'): string {
  if (typeof name !== 'string' || !IDENTIFIER.test(name)) throw new InvalidIdentifierError(kind, name);
  return `\`${name}\``;
}

/** A table's name in backticks; `schema.table` becomes two quoted identifiers. */
export function quoteTable(name: string): string {
  const parts = typeof name === 'string' ? name.split('.') : [name];
  if (parts.length > 2) throw new InvalidIdentifierError('table', name);
  return parts.map((part) => quoteIdentifier(part, 'table')).join('.');
}
