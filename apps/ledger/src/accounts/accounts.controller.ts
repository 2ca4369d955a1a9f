import { Body, ConflictException, Get, NotFoundException, Param, Put } from '@nestjs/common';
import { HttpApi } from '../http/http-api.decorator.js';
import { AccountParams, OpenAccountDto } from './account.dto.js';
import { type Account, AccountBook } from './account-book.js';

@HttpApi('accounts')
export class AccountsController {
  constructor(private readonly book: AccountBook) {}

  @Get(':id')
  async find(@Param() { id }: AccountParams): Promise<Account> {
    const account = await this.book.find(id);
    if (!account) throw new NotFoundException(`Account "${id}" does not exist. Open it with PUT /accounts/${id}.`);
    return account;
  }

  /** May be asked again by a client that got no answer. */
  @Put(':id')
  async open(@Param() { id }: AccountParams, @Body() { balance }: OpenAccountDto): Promise<Account> {
    const account = await this.book.open(id, balance);
    if (!account) throw new ConflictException(`Account "${id}" was opened with another balance.`);
    return account;
  }
}
