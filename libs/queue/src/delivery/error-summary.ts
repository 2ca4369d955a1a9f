import { isSafeSyncError } from '@safesync/core';

/** What is kept of an error in logs and dead letters. */
export interface ErrorSummary {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  /** The error behind it, for errors of this library. */
  readonly cause?: ErrorSummary;
}

const MAX_MESSAGE = 1_000;
const MAX_WORD = 100;
const MAX_CAUSES = 2;

/**
 * Summarises any thrown value: null, a string, a frozen object, an error whose getters throw. The message of a driver's error
 * is left out, because drivers put bound values and payloads into it; errors of this library are free of them.
 */
export function summarizeError(error: unknown, depth = 0): ErrorSummary {
  if (typeof error !== 'object' || error === null)
    return { name: typeof error, message: `a thrown ${describeType(error)}` };
  const name = textOf(error, 'name', MAX_WORD) ?? 'Error';
  const code = textOf(error, 'code', MAX_WORD);
  const message = isDriverError(error)
    ? '(message of the driver left out)'
    : (textOf(error, 'message', MAX_MESSAGE) ?? '');
  return { name, ...(code === undefined ? {} : { code }), message, ...causeOf(error, depth) };
}

function causeOf(error: object, depth: number): Pick<ErrorSummary, 'cause'> {
  if (depth >= MAX_CAUSES || !isSafeSyncError(error) || error.cause === undefined) return {};
  return { cause: summarizeError(error.cause, depth + 1) };
}

/** The summary as one line: `Name [CODE]: message`. */
export function describeError(error: unknown): string {
  return describeSummary(summarizeError(error));
}

export function describeSummary({ name, code, message, cause }: ErrorSummary): string {
  const own = `${name}${code === undefined ? '' : ` [${code}]`}: ${message}`;
  return cause === undefined ? own : `${own} <- ${describeSummary(cause)}`;
}

/** Where it was thrown: the frames of its stack, without the message above them; '' for none. */
export function framesOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const stack = textOf(error, 'stack', MAX_STACK) ?? '';
  const message = textOf(error, 'message', MAX_STACK) ?? '';
  // a message of several lines could look like frames
  const start = stack.indexOf(message);
  if (start === -1) return '';
  const lines = stack.slice(start + message.length).split('\n');
  return lines
    .filter((line) => line.startsWith('    at '))
    .slice(0, MAX_FRAMES)
    .join('\n');
}

const MAX_FRAMES = 10;
const MAX_STACK = 20_000;

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
