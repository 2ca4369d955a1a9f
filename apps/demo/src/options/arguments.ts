import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A command line that cannot be obeyed; the message is for the person who wrote it. */
export class UsageError extends Error {
  /** @param program what was typed, such as `npm run demo` */
  constructor(program: string, what: string) {
    super(`${what}\nTry: ${program} -- --help`);
    this.name = 'UsageError';
  }
}

/** The values of `flags`; throws `UsageError` for anything else on the command line. */
export function readArguments<F extends NonNullable<ParseArgsConfig['options']>>(
  program: string,
  args: readonly string[],
  flags: F,
): ReturnType<typeof parseArgs<{ options: F; strict: true }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    // every fault that parseArgs finds has such a code
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('ERR_PARSE_ARGS') ? new UsageError(program, `${message}.`) : error;
  }
}

export interface WholeNumber {
  /** Such as `--workers`. */
  readonly flag: string;
  readonly byDefault: number;
  readonly min: number;
  readonly max: number;
}

export function readWholeNumber(program: string, text: string | undefined, rule: WholeNumber): number {
  const { flag, byDefault, min, max } = rule;
  if (text === undefined) return byDefault;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(program, `${flag} must be a whole number from ${min} to ${max}, not "${text}".`);
}
