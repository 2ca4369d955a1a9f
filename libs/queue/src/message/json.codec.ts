import { MessageDecodeError, PayloadNotSerializableError } from '../queue.errors.js';
import { readJson } from './json-reader.js';
import { writeJson } from './json-writer.js';
import type { WireMetadata } from './message-metadata.js';
import { type PayloadLimits, resolveLimits } from './payload-limits.js';

/** Where metadata travels inside the payload's JSON; a payload cannot use it. */
export const METADATA_KEY = '__safesync';

export interface DecodedMessage {
  readonly payload: unknown;
  readonly metadata: WireMetadata;
}

/** An id and the name of a group, as JSON. */
const ADDED_BYTES = 4_096;

const NO_METADATA: WireMetadata = Object.freeze({});

/** The wire format: the text of the one field `data` of an entry. */
export class JsonCodec {
  private readonly limits: PayloadLimits;
  /** Of what is received: a replay carries more beside its payload than the message did. */
  private readonly wireLimits: PayloadLimits;

  constructor(limits: Partial<PayloadLimits> = {}) {
    this.limits = resolveLimits(limits);
    this.wireLimits = { ...this.limits, maxBytes: this.limits.maxBytes + ADDED_BYTES };
  }

  /** Bytes of the longest text that `decode` accepts. */
  get maxBytes(): number {
    return this.limits.maxBytes;
  }

  /**
   * A plain object as JSON, with the metadata under `__safesync` if there is any. Throws `PayloadNotSerializableError` or
   * `PayloadLimitError`; what it returns, `decode` and Python's `json.loads` read back unchanged.
   */
  encode(payload: object, metadata: WireMetadata = NO_METADATA): string {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
      throw new PayloadNotSerializableError('$', 'is not an object');
    }
    if (Object.hasOwn(payload, METADATA_KEY))
      throw new PayloadNotSerializableError(`$.${METADATA_KEY}`, 'is reserved for the library');
    const carried = compact(metadata);
    return writeJson(carried === undefined ? payload : withMetadata(payload, carried), this.limits);
  }

  /** Any value as JSON: what the low-level queue writes, which does not insist on objects. */
  encodeValue(value: unknown): string {
    refuseMetadataKey(value);
    return writeJson(value, this.limits);
  }

  /** Payload and metadata of a text; throws `MessageDecodeError`. */
  decode(data: Buffer): DecodedMessage {
    const value = readJson(data, this.wireLimits);
    if (!isObject(value) || !Object.hasOwn(value, METADATA_KEY)) return { payload: value, metadata: NO_METADATA };
    const { [METADATA_KEY]: carried, ...payload } = value;
    return { payload, metadata: readMetadata(carried) };
  }
}

function refuseMetadataKey(value: unknown): void {
  if (isObject(value) && Object.hasOwn(value, METADATA_KEY)) {
    throw new PayloadNotSerializableError(`$.${METADATA_KEY}`, 'is reserved for the library');
  }
}

function withMetadata(payload: object, metadata: WireMetadata): object {
  // a class instance must reach the writer as what it is, to be refused
  const prototype: unknown = Object.getPrototypeOf(payload);
  if (prototype !== Object.prototype && prototype !== null) return payload;
  return { ...payload, [METADATA_KEY]: metadata };
}

function compact({ id, key, headers, replayFor }: WireMetadata): WireMetadata | undefined {
  const carried = present({
    id,
    key,
    headers: headers && Object.keys(headers).length > 0 ? headers : undefined,
    replayFor,
  });
  return Object.keys(carried).length > 0 ? carried : undefined;
}

function readMetadata(carried: unknown): WireMetadata {
  if (!isObject(carried)) throw new MessageDecodeError(`${METADATA_KEY} is not an object`);
  const { id, key, headers, replayFor } = carried;
  if (!isTextOrAbsent(id)) throw new MessageDecodeError(`${METADATA_KEY}.id is not a text`);
  if (!isTextOrAbsent(key)) throw new MessageDecodeError(`${METADATA_KEY}.key is not a text`);
  if (!isTextOrAbsent(replayFor)) throw new MessageDecodeError(`${METADATA_KEY}.replayFor is not a text`);
  if (headers !== undefined && !isTexts(headers)) {
    throw new MessageDecodeError(`${METADATA_KEY}.headers is not an object of texts`);
  }
  return present({ id, key, headers, replayFor });
}

/** Only what is there: an absent field and an undefined one are not the same on the wire. */
function present(metadata: { [K in keyof WireMetadata]: WireMetadata[K] | undefined }): WireMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined));
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((inner) => typeof inner === 'string');
}
