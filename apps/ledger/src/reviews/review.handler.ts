import { Inject, Injectable } from '@nestjs/common';
import { METRICS_RECORDER, type MetricsRecorder } from '@safesync/core';
import { AdvisoryLock, type DbSession, OptimisticUpdates } from '@safesync/db';
import { type Message, NonRetryableError, StreamHandler } from '@safesync/queue';
import { fromCents, toCents } from '../money/amount.js';
import { TransferDto } from '../transfers/transfer.dto.js';
import { REDELIVERIES_TOTAL } from '../transfers/transfer.metrics.js';
import { FAST_TAKEOVER, TRANSFERS } from '../transfers/transfer.stream.js';

type ActivityRow = { readonly volume: string; readonly version: string };

const GROUP = 'review';

/** An account that sent more than this is looked at by a person. */
const REVIEW_THRESHOLD = toCents('2500.00');

/**
 * Adds up what each account sends, on a group of its own: every transfer is booked by one group and reviewed by the other,
 * neither waiting for the other. Meetings on one account are rare, so nothing is locked: the row carries a version, and who
 * comes second throws, rolls back and gets the message again, with the new row to read. No table here has the transfer's id for its
 * key, so the inbox tells which transfers were added.
 */
@Injectable()
export class ReviewHandler {
  constructor(
    private readonly updates: OptimisticUpdates,
    @Inject(METRICS_RECORDER) private readonly metrics: MetricsRecorder,
  ) {}

  @StreamHandler({
    stream: TRANSFERS,
    group: GROUP,
    payload: TransferDto,
    exactlyOnce: true,
    concurrency: 4,
    retry: { baseMs: 20, maxMs: 2_000 },
    maxDeliveries: 20,
    ...FAST_TAKEOVER,
  })
  async review({ payload: { from, amount }, deliveryCount }: Message<TransferDto>, session: DbSession): Promise<void> {
    if (deliveryCount > 1) this.metrics.add(REDELIVERIES_TOTAL, { group: GROUP });
    const select = 'SELECT volume, version FROM account_activity WHERE account_id = :from';
    const activity = await session.fetchOne<ActivityRow>(select, { from });
    if (!activity) throw new NonRetryableError('The transfer names an account that does not exist.');

    const volume = toCents(activity.volume) + toCents(amount);
    const isSuspicious = toCents(activity.volume) <= REVIEW_THRESHOLD && volume > REVIEW_THRESHOLD;
    // the order is the same everywhere: the advisory lock before the rows that other messages write too
    if (isSuspicious) await lockCaseNumbers(session);
    await this.updates.updateOrThrow(session, {
      table: 'account_activity',
      idColumn: 'account_id',
      idValue: from,
      versionColumn: 'version',
      versionValue: activity.version,
      updates: { volume: fromCents(volume) },
    });
    if (isSuspicious) await openCase(session, from);
  }
}

/**
 * Case numbers have no gaps, so the next one is known only to who holds them all. That is no row one could lock: an advisory
 * lock serves, held until this session has ended.
 */
async function lockCaseNumbers(session: DbSession): Promise<void> {
  await new AdvisoryLock(session, 'review-case-numbers').acquire();
}

async function openCase(session: DbSession, account: string): Promise<void> {
  await session.execute(
    'INSERT INTO review_case (number, account_id) SELECT COALESCE(MAX(number), 0) + 1, :account FROM review_case',
    { account },
  );
}
