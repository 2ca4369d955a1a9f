import { Matches, ValidateBy } from 'class-validator';
import { IsAccountId } from '../accounts/is-account-id.decorator.js';
import { IsAmount } from '../money/is-amount.decorator.js';

/** A transfer as HTTP receives it and as the stream carries it; checked with the same rules at both doors. */
export class TransferDto {
  /** Chosen by the client, who may send it again when no answer came: one id moves money once. */
  @IsTransferId()
  id!: string;

  @IsAccountId()
  from!: string;

  @IsAccountId()
  @IsNotTheSender()
  to!: string;

  @IsAmount()
  amount!: string;
}

export class TransferParams {
  @IsTransferId()
  id!: string;
}

/** One spelling only, because the database compares ids byte by byte. */
function IsTransferId(): PropertyDecorator {
  const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  return Matches(form, { message: '$property must be a UUID in lower case' });
}

function IsNotTheSender(): PropertyDecorator {
  return ValidateBy({
    name: 'isNotTheSender',
    validator: {
      validate: (value: unknown, args) => !(args?.object instanceof TransferDto) || value !== args.object.from,
      defaultMessage: () => '$property must be another account than from',
    },
  });
}
