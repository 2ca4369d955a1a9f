import { isUtf8 } from 'node:buffer';
import { compareNumber, parse } from 'lossless-json';
import { MessageDecodeError } from '../queue.errors.js';
import { scanJson } from './json-scan.js';
import { isForbiddenKey, type PayloadLimits } from './payload-limits.js';

/**
 * Reads JSON as strictly as the standard says, without changing a number: integers that a double cannot hold come out as bigint,
 * decimals that it cannot hold are refused. Throws `MessageDecodeError` for these, and for anything that is not UTF-8 JSON, holds
 * NaN or Infinity (or a number beyond a double), goes over a limit or has a forbidden key. Of duplicate keys the last one counts. No content appears in an error.
 */
export function readJson(data: Buffer, limits: PayloadLimits): unknown {
  if (data.length > limits.maxBytes)
    throw new MessageDecodeError(`${data.length} bytes, over the limit of ${limits.maxBytes}`);
  if (!isUtf8(data)) throw new MessageDecodeError('not valid UTF-8');
  const text = data.toString('utf8');
  const scan = scanJson(text, limits);
  if (scan.fault) throw new MessageDecodeError(scan.fault);
  const value = scan.hasHardNumber ? parseLossless(text) : parseFast(text);
  if (scan.mayHideKey) refuseForbiddenKeys(value);
  return value;
}

function parseFast(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the parser's own message quotes the text
    throw new MessageDecodeError('not valid JSON');
  }
}

function parseLossless(text: string): unknown {
  try {
    return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    if (error instanceof MessageDecodeError) throw error;
    throw new MessageDecodeError('not valid JSON');
  }
}

function parseNumber(text: string): number | bigint {
  const value = Number(text);
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(value) ? value : BigInt(text);
  if (!Number.isFinite(value)) throw new MessageDecodeError('a number beyond what a double can hold');
  // whatever writes a double writes the shortest text that reads as it; any other decimal would be changed
  if (compareNumber(text, String(value)) !== 0)
    throw new MessageDecodeError('a decimal that a double cannot hold: send it as a string');
  return value;
}

function refuseForbiddenKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (isForbiddenKey(key) && !Array.isArray(value))
      throw new MessageDecodeError('a key named __proto__, constructor or prototype');
    refuseForbiddenKeys(inner);
  }
}
