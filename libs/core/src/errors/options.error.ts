import { SafeSyncError } from './safesync.error.js';

/** Options that cannot work, found before anything was started. Lists every fault at once. */
export class InvalidOptionsError extends SafeSyncError {
  constructor(
    readonly subject: string,
    readonly faults: readonly string[],
  ) {
    super(`${subject}: ${faults.join('; ')}.`, { code: 'INVALID_OPTIONS', remedy: 'Correct the named options.' });
  }
}

/** Collects faults of an options object, then throws them all together. */
export class OptionFaults {
  private readonly faults: string[] = [];

  constructor(private readonly subject: string) {}

  /** Records a fault: for rules whose text costs too much to be made in vain. */
  add(fault: string): this {
    this.faults.push(fault);
    return this;
  }

  /** Records `fault` unless `ok`. A fault names the option, the value's rule and, where one exists, the related option. */
  require(ok: boolean, fault: string): this {
    return ok ? this : this.add(fault);
  }

  /** Records a fault unless `value` is a safe integer in `[min, max]`. */
  integer(name: string, value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): this {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return this;
    const range = max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`;
    return this.add(`${name} must be an integer ${range}`);
  }

  /** Throws `InvalidOptionsError` when anything was recorded. */
  throwIfAny(): void {
    if (this.faults.length > 0) throw new InvalidOptionsError(this.subject, this.faults);
  }
}
