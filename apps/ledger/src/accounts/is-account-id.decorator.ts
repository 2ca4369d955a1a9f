import { Matches } from 'class-validator';

/** 1 to 32 lower-case letters, digits, `-` and `_`: no two spellings of one account in any collation. */
export function IsAccountId(): PropertyDecorator {
  return Matches(/^[a-z0-9][a-z0-9_-]{0,31}$/, {
    message: '$property must be 1 to 32 lower-case letters, digits, "-" or "_"',
  });
}
