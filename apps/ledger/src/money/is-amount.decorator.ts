import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';
import { isDecimal, toCents } from './amount.js';

/** A positive decimal string with at most 2 decimals. */
export function IsAmount(options?: ValidationOptions): PropertyDecorator {
  return decimal(
    'isAmount',
    'must be a positive decimal string with at most 2 decimals, for example "12.50"',
    1n,
    options,
  );
}

/** The same, or zero. */
export function IsBalance(options?: ValidationOptions): PropertyDecorator {
  return decimal('isBalance', 'must be a decimal string with at most 2 decimals, for example "100.00"', 0n, options);
}

function decimal(name: string, rule: string, min: bigint, options?: ValidationOptions): PropertyDecorator {
  const validator = {
    validate: (value: unknown) => isDecimal(value) && toCents(value) >= min,
    defaultMessage: buildMessage((each) => `${each}$property ${rule}`, options),
  };
  return ValidateBy({ name, validator }, options);
}
