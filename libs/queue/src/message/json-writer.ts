import { PayloadLimitError, PayloadNotSerializableError } from '../queue.errors.js';
import { isForbiddenKey, type PayloadLimits } from './payload-limits.js';

/**
 * Writes a value as JSON, or throws `PayloadNotSerializableError` with the path of the first thing that JSON would lose or
 * change: undefined, functions, symbols, NaN, Infinity, dates, maps, sets, instances of classes, cycles, holes in arrays.
 * A bigint is written in digits, -0 as -0.0.
 */
export function writeJson(value: unknown, limits: PayloadLimits): string {
  const check = new LosslessCheck(limits);
  check.visit(value);
  const text = check.needsWriter ? write(value) : JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.maxBytes) throw new PayloadLimitError(`${bytes} bytes, allowed are ${limits.maxBytes}`);
  return text;
}

class LosslessCheck {
  needsWriter = false;
  private readonly open = new Set<object>();
  /** Keys and indexes from the payload to the value looked at. */
  private readonly path: (string | number)[] = [];

  constructor(private readonly limits: PayloadLimits) {}

  visit(value: unknown): void {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return;
    if (typeof value === 'number') this.visitNumber(value);
    else if (typeof value === 'object') this.visitObject(value);
    else if (typeof value === 'bigint') this.needsWriter = true;
    else this.refuse(value === undefined ? 'is undefined' : `is a ${typeof value}`);
  }

  private visitNumber(value: number): void {
    if (!Number.isFinite(value)) this.refuse(`is ${value}`);
    if (isLossyInteger(value)) this.refuse('is an integer that a number cannot hold exactly: use a bigint');
    if (Object.is(value, -0)) this.needsWriter = true;
  }

  private visitObject(value: object): void {
    if (this.path.length >= this.limits.maxDepth)
      throw new PayloadLimitError(`nested deeper than ${this.limits.maxDepth}`);
    if (this.open.has(value)) this.refuse('refers to an object that it is inside of');
    this.open.add(value);
    if (Array.isArray(value)) this.visitItems(value);
    else this.visitKeys(value);
    this.open.delete(value);
  }

  private visitItems(list: readonly unknown[]): void {
    for (let i = 0; i < list.length; i++) {
      this.path.push(i);
      if (!(i in list)) this.refuse('is a hole in an array');
      this.visit(list[i]);
      this.path.pop();
    }
  }

  private visitKeys(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
      this.refuse(`is an instance of ${className(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('has a key that is a symbol');
    const keys = Object.keys(value);
    const { maxKeys } = this.limits;
    if (keys.length > maxKeys) throw new PayloadLimitError(`${keys.length} keys in one object, allowed are ${maxKeys}`);
    for (const key of keys) {
      if (isForbiddenKey(key)) this.refuse(`has a key named ${key}, which every reader refuses`);
      this.path.push(key);
      this.visit((value as Record<string, unknown>)[key]);
      this.path.pop();
    }
  }

  private refuse(fault: string): never {
    const steps = this.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
    throw new PayloadNotSerializableError(`$${steps.join('')}`, fault);
  }
}

/** Beyond 2^53 a number is whatever integer happened to be near; from 1e21 on JSON shows that by an exponent. */
function isLossyInteger(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;
}

function className(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}

function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Object.is(value, -0)) return '-0.0';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`)
    .join(',')}}`;
}
