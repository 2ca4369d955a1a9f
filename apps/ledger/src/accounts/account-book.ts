import { Injectable } from '@nestjs/common';
import { DbSessions, IdempotentInserts } from '@safesync/db';
import { toCents } from '../money/amount.js';

export type Account = {
  readonly id: string;
  readonly balance: string;
};

@Injectable()
export class AccountBook {
  constructor(
    private readonly sessions: DbSessions,
    private readonly inserts: IdempotentInserts,
  ) {}

  find(id: string): Promise<Account | null> {
    return this.sessions.run(
      (session) => session.fetchOne<Account>('SELECT id, balance FROM account WHERE id = :id', { id }),
      { readOnly: true },
    );
  }

  /** Opens an account once, however often it is asked for; null when it was opened with another balance. */
  open(id: string, balance: string): Promise<Account | null> {
    return this.sessions.withRetry(async (session) => {
      const isNew = await this.inserts.insert(session, 'account', { id, opening: balance, balance });
      if (isNew) await session.execute('INSERT INTO account_activity (account_id) VALUES (:id)', { id });
      const select = 'SELECT id, opening, balance FROM account WHERE id = :id';
      const account = await session.fetchOne<Account & { opening: string }>(select, { id });
      if (!account || toCents(account.opening) !== toCents(balance)) return null;
      return { id, balance: account.balance };
    });
  }
}
