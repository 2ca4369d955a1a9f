import type { PayloadLimits } from './payload-limits.js';

/** What one look over a JSON text tells before it is parsed. */
export interface JsonScan {
  /** A limit that is broken, if any. */
  readonly fault: string | undefined;
  /** Some number may not survive a double: more than 15 digits, or an exponent. */
  readonly hasHardNumber: boolean;
  /** Some key may be a forbidden one, written plainly or with escapes. */
  readonly mayHideKey: boolean;
}

const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const UPPER_E = 69;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const LOWER_E = 101;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Any integer of so many digits fits a double. */
const SAFE_DIGITS = 15;
const SUSPICIOUS_KEY = /\\u|__proto__|constructor|prototype/;

/**
 * Measures depth, keys and numbers without parsing, so that a hostile text is refused before it costs memory or stack. It
 * assumes nothing about the text being valid JSON: the parser decides that.
 */
export function scanJson(text: string, limits: PayloadLimits): JsonScan {
  const scanner = new JsonScanner(text, limits);
  const fault = scanner.findFault();
  return { fault, hasHardNumber: scanner.hasHardNumber, mayHideKey: SUSPICIOUS_KEY.test(text) };
}

class JsonScanner {
  hasHardNumber = false;
  private depth = 0;
  /** Keys seen so far in the object that is open at each depth. */
  private readonly keys: number[] = [0];

  constructor(
    private readonly text: string,
    private readonly limits: PayloadLimits,
  ) {}

  findFault(): string | undefined {
    for (let i = 0; i < this.text.length; i++) {
      const code = this.text.charCodeAt(i);
      if (code === QUOTE) {
        i = this.endOfString(i);
      } else if (code >= ZERO && code <= NINE) {
        i = this.endOfNumber(i);
      } else {
        const fault = this.structure(code);
        if (fault !== undefined) return fault;
      }
    }
    return undefined;
  }

  private structure(code: number): string | undefined {
    if (code === OPEN_OBJECT || code === OPEN_LIST) return this.open();
    if (code === CLOSE_OBJECT || code === CLOSE_LIST) this.depth = Math.max(0, this.depth - 1);
    else if (code === COLON) return this.countKey();
    return undefined;
  }

  private open(): string | undefined {
    this.depth += 1;
    this.keys[this.depth] = 0;
    return this.depth > this.limits.maxDepth ? `nested deeper than ${this.limits.maxDepth}` : undefined;
  }

  private countKey(): string | undefined {
    const count = (this.keys[this.depth] ?? 0) + 1;
    this.keys[this.depth] = count;
    return count > this.limits.maxKeys ? `an object with more than ${this.limits.maxKeys} keys` : undefined;
  }

  private endOfString(open: number): number {
    for (let i = open + 1; i < this.text.length; i++) {
      const code = this.text.charCodeAt(i);
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) return i;
    }
    return this.text.length;
  }

  private endOfNumber(start: number): number {
    let end = start + 1;
    for (let code = this.text.charCodeAt(end); isOfNumber(code); code = this.text.charCodeAt(end)) {
      if (code === UPPER_E || code === LOWER_E) this.hasHardNumber = true;
      end += 1;
    }
    if (end - start > SAFE_DIGITS) this.hasHardNumber = true;
    return end - 1;
  }
}

/** Digits, signs, point, exponent. */
function isOfNumber(code: number): boolean {
  return (
    (code >= ZERO && code <= NINE) ||
    code === POINT ||
    code === UPPER_E ||
    code === LOWER_E ||
    code === PLUS ||
    code === MINUS
  );
}
