import { createHash, randomBytes } from 'node:crypto';
import { delayedDataKey, delayedKey } from './delayed.js';
import type { RedisScript } from './redis-script.js';
import type { RedisArg } from './redis-socket.js';
import { PUBLISH_DELAYED_SCRIPT } from './scripts/publish-delayed.script.js';
import { PUBLISH_ONCE_SCRIPT } from './scripts/publish-once.script.js';

/** What one append is more than an XADD. */
export interface AppendPlan {
  readonly dedupeKey?: string | undefined;
  /** How long the dedupe key is known, in ms. */
  readonly dedupeWindowMs: number;
  readonly delayMs?: number | undefined;
}

/** An append that takes a script. */
export interface ScriptedAppend {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly args: readonly RedisArg[];
  /**
   * For so many ms from the first attempt, sending it again cannot append a second time; 0: never. It is half of the dedupe
   * window: what was sent at its end may reach the server late, and still has to find the key.
   */
  readonly repeatableForMs: number;
}

/** The text of a plain append, or an append that takes a script. */
export type Append = string | ScriptedAppend;

/** A plain append unless the plan asks for more. */
export function planAppend(stream: string, data: string, plan: AppendPlan): Append {
  const { dedupeKey, dedupeWindowMs, delayMs = 0 } = plan;
  const once = dedupeKey === undefined ? [] : [dedupeRecord(stream, dedupeKey)];
  const window = dedupeKey === undefined ? [] : [dedupeWindowMs];
  const repeatableForMs = dedupeKey === undefined ? 0 : dedupeWindowMs / 2;
  if (delayMs > 0) {
    const keys = [delayedKey(stream), delayedDataKey(stream), ...once];
    const suffix = randomBytes(6).toString('hex');
    return { script: PUBLISH_DELAYED_SCRIPT, keys, args: [data, delayMs, suffix, ...window], repeatableForMs };
  }
  if (dedupeKey === undefined) return data;
  return { script: PUBLISH_ONCE_SCRIPT, keys: [stream, ...once], args: [data, ...window], repeatableForMs };
}

/** A digest, so that any text is a key (UTF-8 has one code for all lone surrogates), of one length, and none shows what it was made of. */
function dedupeRecord(stream: string, dedupeKey: string): string {
  return `${stream}:dedupe:${createHash('sha256').update(dedupeKey, 'utf16le').digest('base64url')}`;
}
