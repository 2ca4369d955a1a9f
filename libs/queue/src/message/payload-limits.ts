import { OptionFaults } from '@safesync/core';

/** What a payload may be, on publish and on receipt. */
export interface PayloadLimits {
  /** Bytes of the JSON text. Default 262 144. */
  readonly maxBytes: number;
  /** Objects and arrays inside each other. Default 64. */
  readonly maxDepth: number;
  /** Keys of one object. Default 1 000. */
  readonly maxKeys: number;
}

export const DEFAULT_LIMITS: PayloadLimits = Object.freeze({ maxBytes: 262_144, maxDepth: 64, maxKeys: 1_000 });

/** Reading goes as deep as this at most without endangering the stack. */
export const DEEPEST = 1_000;

export function resolveLimits(given: Partial<PayloadLimits> = {}): PayloadLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  new OptionFaults('Payload limits')
    .integer('maxBytes', limits.maxBytes, 1)
    .integer('maxDepth', limits.maxDepth, 1, DEEPEST)
    .integer('maxKeys', limits.maxKeys, 1)
    .throwIfAny();
  return Object.freeze(limits);
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Keys that turn a careless copy of the payload into an attack on `Object.prototype`. */
export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}
