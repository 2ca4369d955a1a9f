import type { DeadLetter } from '../delivery/dead-letter.js';
import type { DeadLetterRecord } from '../stream/dead-letter-log.js';

/** A dead letter as it is kept: what it says of itself, and its own id. */
export interface KeptLetter extends Partial<DeadLetter> {
  /** Its id in the dead-letter stream. */
  readonly id: string;
  /** Not written by this library: only its `id` is known. */
  readonly isUnreadable: boolean;
}

/** Whatever the entry holds; without the content of the message unless asked for. */
export function readLetter({ id, fields }: DeadLetterRecord, withContent: boolean): KeptLetter {
  const letter = parse(fields);
  if (letter === undefined) return { id, isUnreadable: true };
  if (withContent) return { ...letter, id, isUnreadable: false };
  const { data: _data, raw: _raw, ...said } = letter;
  return { ...said, id, isUnreadable: false };
}

function parse(fields: readonly Buffer[]): DeadLetter | undefined {
  const [name, value] = fields;
  if (fields.length !== 2 || name?.toString() !== 'data') return undefined;
  try {
    const parsed: unknown = JSON.parse(String(value));
    return isLetter(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isLetter(value: unknown): value is DeadLetter {
  if (typeof value !== 'object' || value === null) return false;
  const { stream, group, entryId, data, raw } = value as Partial<Record<keyof DeadLetter, unknown>>;
  return [stream, group, entryId].every(isText) && (data === undefined ? isRaw(raw) : isText(data));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** More fields than a script can append at once have to be put back by hand. */
const MOST_RAW = 7_000;

function isRaw(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_RAW) return false;
  return value.length % 2 === 0 && value.every(isText);
}
