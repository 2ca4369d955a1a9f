import { UnexpectedReplyError } from '../queue.errors.js';

/** One entry of a stream as Redis holds it, whatever its producer wrote. */
export interface StreamEntry {
  readonly id: string;
  /** Field, value, field, value, ...; `null` when the entry was trimmed or deleted while it was pending. */
  readonly fields: readonly Buffer[] | null;
  /** How often Redis has delivered it, this time included: 1 for a new entry. */
  readonly deliveryCount: number;
}

/** Names one delivery of an entry: whoever holds another delivery count of it no longer owns it. */
export interface DeliveredEntry {
  readonly id: string;
  readonly deliveryCount: number;
}

const SCRIPT = 'EVALSHA';

/**
 * When Redis took an entry in, in ms since 1970: `1700000000000-0` was added at 1 700 000 000 000. Undefined for an id outside the
 * years 2001 to 2286, which a producer chose itself.
 */
export function addedAtMs(entryId: string): number | undefined {
  const ms = Number(entryId.split('-')[0]);
  return ms >= 1e12 && ms < 1e13 ? ms : undefined;
}

/** Entries of an XREADGROUP reply for one stream. A strange entry comes out as an entry; only a strange reply throws. */
export function parseReadReply(reply: unknown): StreamEntry[] {
  const command = 'XREADGROUP';
  if (reply === null || reply === undefined) return [];
  const streams = expectArray(reply, command, 'a list of streams');
  const first = expectArray(streams[0], command, 'a stream with its entries');
  return expectArray(first[1], command, 'a list of entries').map((item) => {
    const [id, fields] = expectArray(item, command, 'an entry');
    return { id: parseText(id, command), fields: parseFields(fields, command), deliveryCount: 1 };
  });
}

/** Entries of a script's reply. */
export function parseClaimedEntries(reply: unknown): StreamEntry[] {
  return expectArray(reply, SCRIPT, 'a list of entries').map(parseClaimedEntry);
}

/** `[id, deliveryCount, fields]`, without fields when the entry was trimmed. */
export function parseClaimedEntry(reply: unknown): StreamEntry {
  const [id, deliveryCount, fields] = expectArray(reply, SCRIPT, 'an entry');
  if (typeof deliveryCount !== 'number') throw new UnexpectedReplyError(SCRIPT, 'a delivery count');
  return { id: parseText(id, SCRIPT), fields: parseFields(fields, SCRIPT), deliveryCount };
}

export function parseTexts(reply: unknown): string[] {
  return expectArray(reply, SCRIPT, 'a list of texts').map((item) => parseText(item, SCRIPT));
}

export function parseText(value: unknown, command: string): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (typeof value === 'string') return value;
  throw new UnexpectedReplyError(command, 'a text');
}

export function expectArray(value: unknown, command: string, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new UnexpectedReplyError(command, what);
  return value;
}

export function parseFields(value: unknown, command: string): readonly Buffer[] | null {
  if (value === null || value === undefined) return null;
  return expectArray(value, command, 'the fields of an entry').map((field) => {
    if (Buffer.isBuffer(field)) return field;
    return Buffer.from(parseText(field, command));
  });
}
