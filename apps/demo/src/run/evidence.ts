import { countUnfinished } from '@safesync/testing';
import type { Redis } from 'ioredis';
import type { Evidence } from '../audit/auditor.js';
import { readLedgerState } from '../audit/ledger-state.js';
import { readDeadLetters, readStream } from '../audit/stream-state.js';
import type { EntryFields } from '../client/bad-messages.js';
import { modelOf } from '../plan/balance-model.js';
import { DEAD, GROUPS, TRANSFERS } from '../plan/ledger.names.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import type { Stage } from '../stage/stage.js';

export interface Collected extends Evidence {
  /** Messages of transfers that the stream already held: what the ledger had to recognise. */
  readonly duplicates: number;
}

/** Gathers what the auditor looks at: the tables, the stream and its dead letters. All transfers of the plan were accepted. */
export async function collectEvidence(
  stage: Stage,
  plan: TransferPlan,
  bad: readonly EntryFields[],
): Promise<Collected> {
  const stream = `${stage.prefix}${TRANSFERS}`;
  const badIds = await findEntries(stage.redis, stream, bad);
  return {
    model: modelOf(plan, plan.transfers),
    state: await readLedgerState(stage.pool),
    deadLetters: await readDeadLetters(stage.redis, `${stage.prefix}${DEAD}`),
    expectedDeadLetters: badIds.flatMap((entryId) => GROUPS.map((group) => ({ entryId, group }))),
    unfinished: await countUnfinished(stage.redis, stream),
    duplicates: (await stage.redis.xlen(stream)) - badIds.length - plan.transfers.length,
  };
}

// by their content: a client that lost an answer may have appended one of them twice
async function findEntries(redis: Redis, stream: string, wanted: readonly EntryFields[]): Promise<string[]> {
  const contents = new Set(wanted.map((fields) => JSON.stringify(fields)));
  return (await readStream(redis, stream))
    .filter(({ fields }) => contents.has(JSON.stringify(fields)))
    .map(({ id }) => id);
}
