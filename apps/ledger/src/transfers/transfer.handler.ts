import { Inject, Injectable } from '@nestjs/common';
import { METRICS_RECORDER, type MetricsRecorder } from '@safesync/core';
import { type DbSession, IdempotentInserts, RowLocks } from '@safesync/db';
import { type Message, NonRetryableError, StreamHandler } from '@safesync/queue';
import { toCents } from '../money/amount.js';
import { TransferDto } from './transfer.dto.js';
import { REDELIVERIES_TOTAL, TRANSFERS_TOTAL } from './transfer.metrics.js';
import { FAST_TAKEOVER, TRANSFERS } from './transfer.stream.js';

type AccountRow = { readonly id: string; readonly balance: string };
type TransferRow = { readonly from_account: string; readonly to_account: string; readonly amount: string };

const GROUP = 'booking';

/**
 * Moves the money. Everything below happens in the one transaction of `session`; the message is acknowledged after its
 * commit. A worker that dies in between leaves either nothing or a booked transfer, which the next delivery recognises.
 */
@Injectable()
export class TransferHandler {
  constructor(
    private readonly locks: RowLocks,
    private readonly inserts: IdempotentInserts,
    @Inject(METRICS_RECORDER) private readonly metrics: MetricsRecorder,
  ) {}

  @StreamHandler({ stream: TRANSFERS, group: GROUP, payload: TransferDto, concurrency: 8, ...FAST_TAKEOVER })
  async book({ payload: transfer, deliveryCount }: Message<TransferDto>, session: DbSession): Promise<void> {
    if (deliveryCount > 1) this.metrics.add(REDELIVERIES_TOTAL, { group: GROUP });
    const payer = await this.lockAccounts(session, transfer);
    // too little money is an answer, not an error: the transfer is recorded as rejected and never tried again
    const status = toCents(payer.balance) < toCents(transfer.amount) ? 'rejected' : 'completed';
    const isNew = await this.record(session, transfer, status);
    if (isNew && status === 'completed') await moveMoney(session, transfer);
    session.afterCommit(() => this.metrics.add(TRANSFERS_TOTAL, { outcome: isNew ? status : 'duplicate' }));
  }

  /** Locks both rows, always in the same order, so that two transfers between the same accounts cannot wait for each other. */
  private async lockAccounts(session: DbSession, { from, to }: TransferDto): Promise<AccountRow> {
    const accounts = await this.locks.lockMany<AccountRow>(session, 'account', 'id', [from, to]);
    const payer = accounts.find(({ id }) => id === from);
    if (!payer || accounts.length < 2)
      throw new NonRetryableError('The transfer names an account that does not exist.');
    return payer;
  }

  /** The first write: false when the transfer is booked already, whoever was faster. */
  private async record(session: DbSession, transfer: TransferDto, status: string): Promise<boolean> {
    const { id, from, to, amount } = transfer;
    const row = { id, from_account: from, to_account: to, amount, status };
    if (await this.inserts.insert(session, 'transfer', row)) return true;
    const select = 'SELECT from_account, to_account, amount FROM transfer WHERE id = :id';
    const booked = await session.fetchOne<TransferRow>(select, { id });
    if (!booked || !isSame(booked, transfer))
      throw new NonRetryableError('Another transfer was booked under the same id.');
    return false;
  }
}

function isSame(booked: TransferRow, { from, to, amount }: TransferDto): boolean {
  return booked.from_account === from && booked.to_account === to && toCents(booked.amount) === toCents(amount);
}

async function moveMoney(session: DbSession, { from, to, amount }: TransferDto): Promise<void> {
  // without the cast MySQL would add a string to a decimal as floating-point numbers
  const change = 'CAST(:amount AS DECIMAL(18,2)), bookings = bookings + 1 WHERE id = :id';
  await session.execute(`UPDATE account SET balance = balance - ${change}`, { id: from, amount });
  await session.execute(`UPDATE account SET balance = balance + ${change}`, { id: to, amount });
}
