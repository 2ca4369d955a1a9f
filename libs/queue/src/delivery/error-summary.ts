import { isSafeSyncError } from '@safesync/core';

/** What is kept of an error in logs and dead letters. */
export interface ErrorSummary {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

const MAX_MESSAGE = 1_000;
const MAX_WORD = 100;

/**
 * Summarises any thrown value: null, a string, a frozen object, an error whose getters throw. The message of a driver's error
 * is left out, because drivers put bound values and payloads into it; errors of this library are free of them.
 */
export function summarizeError(error: unknown): ErrorSummary {
  if (typeof error !== 'object' || error === null)
    return { name: typeof error, message: `a thrown ${describeType(error)}` };
  const name = textOf(error, 'name', MAX_WORD) ?? 'Error';
  const code = textOf(error, 'code', MAX_WORD);
  const message = isDriverError(error)
    ? '(message of the driver left out)'
    : (textOf(error, 'message', MAX_MESSAGE) ?? '');
  return { name, ...(code === undefined ? {} : { code }), message };
}

/** The summary as one line: `Name [CODE]: message`. */
export function describeError(error: unknown): string {
  const { name, code, message } = summarizeError(error);
  return `${name}${code === undefined ? '' : ` [${code}]`}: ${message}`;
}

function describeType(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function textOf(error: object, property: string, max: number): string | undefined {
  try {
    const value = (error as Record<string, unknown>)[property];
    return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, max) : undefined;
  } catch {
    return undefined;
  }
}

// the marks that mysql2, TypeORM and ioredis leave on what they throw
const DRIVER_MARKS = ['sql', 'sqlMessage', 'sqlState', 'query', 'parameters', 'command'];

function isDriverError(error: object): boolean {
  if (isSafeSyncError(error)) return false;
  return DRIVER_MARKS.some((mark) => {
    try {
      return (error as Record<string, unknown>)[mark] !== undefined;
    } catch {
      return true;
    }
  });
}
