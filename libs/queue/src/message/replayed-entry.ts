import { DATA_FIELD } from '../stream/append.js';
import { JsonCodec } from './json.codec.js';
import { contentId } from './message.js';

/** As much of a dead letter as is needed to put its message back. */
export interface ReplayedLetter {
  readonly stream: string;
  readonly group: string;
  readonly entryId: string;
  readonly data?: string;
  readonly raw?: readonly string[];
}

/**
 * Field, value, ... of the entry that puts the message of a dead letter back: with the id that it had, so that an inbox knows it, and
 * marked as being for that group alone. What is no message of ours is put back byte for byte, and every group sees it.
 */
export function replayedFields(letter: ReplayedLetter): Buffer[] {
  const { data, raw = [] } = letter;
  if (data === undefined) return raw.map((field) => Buffer.from(field, 'base64'));
  return [Buffer.from(DATA_FIELD), Buffer.from(replayedData(letter, data))];
}

/** What was accepted once is not measured again: not by the limits of today, nor with what is added to it here. */
const ANY_SIZE = new JsonCodec({
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxKeys: Number.MAX_SAFE_INTEGER,
  maxDepth: 1_000,
});

function replayedData({ stream, group, entryId }: ReplayedLetter, data: string): string {
  try {
    const { payload, metadata } = ANY_SIZE.decode(Buffer.from(data));
    const id = metadata.id ?? contentId(stream, entryId, Buffer.from(data));
    return ANY_SIZE.encode(payload as object, { ...metadata, id, replayFor: group });
  } catch {
    // malformed, or a value that is no object: then there is no place for what travels beside it
    return data;
  }
}
