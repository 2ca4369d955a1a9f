import { createHash } from 'node:crypto';
import { MessageFormatError } from '../queue.errors.js';
import { DATA_FIELD } from '../stream/append.js';
import type { StreamEntry } from '../stream/stream-entry.js';
import type { DecodedMessage, JsonCodec } from './json.codec.js';

/** What a handler receives: the decoded content of one delivery of one entry. */
export interface Message<T = unknown> {
  /** The producer's id, else one made of stream, entry id and content: an entry id alone can recur after a Redis restart. */
  readonly id: string;
  readonly entryId: string;
  readonly stream: string;
  readonly group: string;
  readonly payload: T;
  /** What messages are ordered by, if the producer said so. */
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Set on the replay of a dead letter: the group that it is for. */
  readonly replayFor?: string;
  /** How often Redis has delivered the entry, this time included. */
  readonly deliveryCount: number;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** The one field of an entry; throws `MessageFormatError` when it is anything else. */
export function dataOf(entry: StreamEntry): Buffer {
  const { fields } = entry;
  if (fields === null) throw new MessageFormatError(entry.id, 'was trimmed from the stream');
  const [name, value] = fields;
  if (fields.length !== 2 || name === undefined || value === undefined) {
    throw new MessageFormatError(entry.id, `has ${Math.ceil(fields.length / 2)} fields instead of one`);
  }
  if (name.toString('latin1') !== DATA_FIELD)
    throw new MessageFormatError(entry.id, `has a field that is not named ${DATA_FIELD}`);
  return value;
}

/** Decodes an entry unless `decoded` is given; throws `MessageFormatError` or `MessageDecodeError`. */
export function readMessage(
  entry: StreamEntry,
  origin: { stream: string; group: string },
  codec: JsonCodec,
  decoded?: DecodedMessage,
): Message {
  const data = dataOf(entry);
  const { payload, metadata } = decoded ?? codec.decode(data);
  let id = metadata.id;
  const message: Writable<Message> = {
    get id() {
      // worked out at first use: most handlers never look
      id ??= contentId(origin.stream, entry.id, data);
      return id;
    },
    entryId: entry.id,
    stream: origin.stream,
    group: origin.group,
    payload,
    headers: metadata.headers ?? NO_HEADERS,
    deliveryCount: entry.deliveryCount,
  };
  if (metadata.key !== undefined) message.key = metadata.key;
  if (metadata.replayFor !== undefined) message.replayFor = metadata.replayFor;
  return message;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The replay of a dead letter is for the group that gave it up; the others have done with it. */
export function isForOthers({ replayFor, group }: Message): boolean {
  return replayFor !== undefined && replayFor !== group;
}

/** What stands for the id of a message whose producer gave it none. */
export function contentId(stream: string, entryId: string, data: Buffer): string {
  const digest = createHash('sha256')
    .update(stream)
    .update('\0')
    .update(entryId)
    .update('\0')
    .update(data)
    .digest('base64url');
  return `${entryId}:${digest.slice(0, 22)}`;
}
