import { isUtf8 } from 'node:buffer';
import { addedAtMs, type StreamEntry } from '../stream/stream-entry.js';
import type { ErrorSummary } from './error-summary.js';

/** One failed delivery, as this process saw it. */
export interface FailedAttempt {
  /** Delivery count of Redis at that time. */
  readonly delivery: number;
  /** ISO 8601, clock of the consumer. */
  readonly at: string;
  readonly error: ErrorSummary;
}

/** What stands in the field `data` of an entry of `<stream>:dead`. */
export interface DeadLetter {
  readonly stream: string;
  readonly group: string;
  readonly entryId: string;
  /** Who gave the message up. */
  readonly consumer: string;
  /** `malformed`, `invalid`, `non_retryable`, `max_deliveries`, or what the handler said. */
  readonly reason: string;
  readonly error: ErrorSummary;
  /** How often Redis had delivered it. */
  readonly deliveries: number;
  /** The last failures that the consumer knows of, oldest first; those of processes that died are missing. */
  readonly history: readonly FailedAttempt[];
  /** When Redis took the entry in, read from its id; absent for ids that a producer chose itself. */
  readonly firstSeenAt?: string;
  readonly deadAt: string;
  /** The text of the field `data`, when that is all there is and it is valid UTF-8. */
  readonly data?: string;
  /** Otherwise field, value, field, value, ... of the entry, each in base64. */
  readonly raw?: readonly string[];
}

/** The entry's content as it was, byte for byte: as text where that is exact, else in base64. */
export function rawContentOf(entry: StreamEntry): Pick<DeadLetter, 'data' | 'raw'> {
  const fields = entry.fields ?? [];
  const [name, value] = fields;
  if (fields.length === 2 && name?.toString() === 'data' && value && isUtf8(value))
    return { data: value.toString('utf8') };
  return { raw: fields.map((field) => field.toString('base64')) };
}

/** When Redis took the entry in, in ISO 8601; undefined for ids that are no times. */
export function firstSeenAtOf(entryId: string): string | undefined {
  const ms = addedAtMs(entryId);
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
