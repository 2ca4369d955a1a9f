import { IsBalance } from '../money/is-amount.decorator.js';
import { IsAccountId } from './is-account-id.decorator.js';

export class AccountParams {
  @IsAccountId()
  id!: string;
}

export class OpenAccountDto {
  @IsBalance()
  balance!: string;
}
