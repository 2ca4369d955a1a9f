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

/** Entries of an XREADGROUP reply for one stream. A strange entry comes out as an entry; only a strange reply throws. */
export function parseReadReply(reply: unknown, command: string): StreamEntry[] {
  if (reply === null || reply === undefined) return [];
  const streams = expectArray(reply, command, 'a list of streams');
  const first = expectArray(streams[0], command, 'a stream with its entries');
  return expectArray(first[1], command, 'a list of entries').map((item) => {
    const [id, fields] = expectArray(item, command, 'an entry');
    return { id: parseText(id, command), fields: parseFields(fields, command), deliveryCount: 1 };
  });
}

/** Entries of a script's reply: `[id, deliveryCount, fields]` each. */
export function parseClaimedEntries(reply: unknown, command: string): StreamEntry[] {
  return expectArray(reply, command, 'a list of entries').map((item) => {
    const [id, deliveryCount, fields] = expectArray(item, command, 'an entry');
    return { id: parseText(id, command), fields: parseFields(fields, command), deliveryCount: Number(deliveryCount) };
  });
}

export function parseTexts(reply: unknown, command: string): string[] {
  return expectArray(reply, command, 'a list of texts').map((item) => parseText(item, command));
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

function parseFields(value: unknown, command: string): readonly Buffer[] | null {
  if (value === null || value === undefined) return null;
  return expectArray(value, command, 'the fields of an entry').map((field) => {
    if (Buffer.isBuffer(field)) return field;
    return Buffer.from(parseText(field, command));
  });
}
