import { createHash, randomUUID } from 'node:crypto';
import type { DbSession } from '@safesync/db';
import { JsonCodec, type RegisteredStream } from '@safesync/queue';
import { OutboxMessageError } from '../outbox.errors.js';
import { TABLE } from './outbox-table.js';

/** What travels beside the payload, and when it leaves. */
export interface OutboxMessageOptions {
  /** What its messages are ordered by: those of one stream and key leave in the order in which they were written. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Not before so many ms after the statement that writes it. Default 0: when the transaction commits. */
  readonly delayMs?: number;
  /** By which consumers know the message again, at most 255 bytes. Default: a UUID. */
  readonly id?: string;
}

/** One message of `publishMany`. */
export interface OutboxMessage extends OutboxMessageOptions {
  readonly payload: object;
}

/** A message as it is written. */
export interface OutgoingRow {
  readonly messageId: string;
  readonly orderKey: Buffer | null;
  readonly data: string;
  readonly bytes: number;
  readonly delayMs: number;
}

const MAX_NAME_BYTES = 255;
const LONGEST_DELAY_MS = 10 * 365 * 86_400_000;
/** Rows and bytes of one statement: a larger one saves nothing and holds up whoever shares the server. */
const MAX_ROWS = 128;
const MAX_BYTES = 1_048_576;

/** Encodes a message as it will be sent, or throws what is wrong with it. */
export function outgoingRow(stream: RegisteredStream, { payload, ...options }: OutboxMessage): OutgoingRow {
  const { key, headers, delayMs = 0, id = randomUUID() } = options;
  requireText('id', id);
  if (key !== undefined) requireText('key', key);
  if (headers !== undefined) requireTexts(headers);
  requireDelay(delayMs);
  const data = new JsonCodec(stream.limits).encode(payload, {
    id,
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
  });
  const orderKey = key === undefined ? null : orderKeyOf(stream.name, key);
  return { messageId: id, orderKey, data, bytes: Buffer.byteLength(data), delayMs };
}

/** Inserts rows in as few statements as their size allows; their ids, as far as the server tells: the first of each statement. */
export async function insertRows(session: DbSession, stream: string, rows: readonly OutgoingRow[]): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (const chunk of chunks(rows)) {
    const { insertId } = await session.executeResult(insertText(chunk.length), insertParams(stream, chunk));
    // a wrong guess costs a claim by id that finds nothing, or what somebody else would have published
    for (let at = 0; at < chunk.length; at += 1) ids.push(BigInt(insertId) + BigInt(at));
  }
  return ids;
}

function insertText(count: number): string {
  // available when it is due; a text that is short enough is read once only
  const rows = Array.from(
    { length: count },
    (_, at) =>
      `(:id${at}, :stream, :key${at}, :data${at}, :bytes${at}, UTC_TIMESTAMP(6) + INTERVAL :delay${at} MICROSECOND, due_at)`,
  );
  return `INSERT INTO ${TABLE} (message_id, stream, order_key, data, bytes, due_at, available_at) VALUES ${rows.join(', ')}`;
}

function insertParams(stream: string, rows: readonly OutgoingRow[]): Record<string, string | number | Buffer | null> {
  const params: Record<string, string | number | Buffer | null> = { stream };
  for (const [at, { messageId, orderKey, data, bytes, delayMs }] of rows.entries()) {
    params[`id${at}`] = messageId;
    params[`key${at}`] = orderKey;
    params[`data${at}`] = data;
    params[`bytes${at}`] = bytes;
    params[`delay${at}`] = delayMs * 1_000;
  }
  return params;
}

function* chunks(rows: readonly OutgoingRow[]): Generator<readonly OutgoingRow[]> {
  let chunk: OutgoingRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (chunk.length === MAX_ROWS || (chunk.length > 0 && bytes + row.bytes > MAX_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(row);
    bytes += row.bytes;
  }
  if (chunk.length > 0) yield chunk;
}

function orderKeyOf(stream: string, key: string): Buffer {
  // the length keeps two pairs apart whose letters are the same
  const digest = createHash('sha256')
    .update(`${Buffer.byteLength(stream)}:`)
    .update(stream)
    .update(key)
    .digest();
  return digest.subarray(0, 16);
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new OutboxMessageError(`${name} is no text`);
  if (name === 'id' && Buffer.byteLength(value) > MAX_NAME_BYTES) {
    throw new OutboxMessageError(`id is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

function requireDelay(delayMs: unknown): void {
  if (Number.isSafeInteger(delayMs) && (delayMs as number) >= 0 && (delayMs as number) <= LONGEST_DELAY_MS) return;
  throw new OutboxMessageError('delayMs is no whole number from 0 to ten years of milliseconds');
}

function requireTexts(headers: unknown): void {
  const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (!isObject || !Object.values(headers).every((value) => typeof value === 'string')) {
    throw new OutboxMessageError('headers is no object of texts');
  }
}
