import type { PayloadLimits } from './payload-limits.js';

/** What one look over a JSON text tells before it is parsed. */
export interface JsonScan {
  /** A limit that is broken, if any. */
  readonly fault: string | undefined;
  /** Some number may not survive a double: a long run of digits or an exponent. */
  readonly hasHardNumber: boolean;
  /** Some key may be a forbidden one, written plainly or with escapes. */
  readonly mayHideKey: boolean;
}

const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Up to 15 digits always fit a double. */
const HARD_NUMBER = /\d{16}|\d[eE]/;
const SUSPICIOUS_KEY = /\\u|__proto__|constructor|prototype/;

/**
 * Measures depth and keys without parsing, so that a hostile text is refused before it costs memory or stack. It assumes
 * nothing about the text being valid JSON: the parser decides that.
 */
export function scanJson(text: string, limits: PayloadLimits): JsonScan {
  return {
    fault: findFault(text, limits),
    hasHardNumber: HARD_NUMBER.test(text),
    mayHideKey: SUSPICIOUS_KEY.test(text),
  };
}

function findFault(text: string, limits: PayloadLimits): string | undefined {
  const keys: number[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      depth += 1;
      if (depth > limits.maxDepth) return `nested deeper than ${limits.maxDepth}`;
      keys[depth] = 0;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      depth -= 1;
    } else if (code === COLON) {
      keys[depth] = (keys[depth] ?? 0) + 1;
      if ((keys[depth] ?? 0) > limits.maxKeys) return `an object with more than ${limits.maxKeys} keys`;
    }
  }
  return undefined;
}

function endOfString(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) return i;
  }
  return text.length;
}
