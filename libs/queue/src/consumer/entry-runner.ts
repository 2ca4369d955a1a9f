import type { AckBatch } from '../delivery/ack-batch.js';
import { BatchDelivery } from '../delivery/batch-delivery.js';
import { EachTransaction, TogetherTransaction } from '../delivery/batch-transaction.js';
import { type DecisionActions, performDecision } from '../delivery/delivery-decision.js';
import { DeliverySignal } from '../delivery/delivery-signal.js';
import { describeError } from '../delivery/error-summary.js';
import type { HeldEntry } from '../delivery/held-entry.js';
import type { LeaseKeeper } from '../delivery/lease-keeper.js';
import { type DeliveryParts, MessageDelivery } from '../delivery/message-delivery.js';
import type { BatchInvoker } from '../handler/batch-invoker.js';
import { BatchGatherer } from './batch-gatherer.js';
import type { ConsumerParts } from './consumer-parts.js';
import type { HeldEntries } from './held-entries.js';
import type { RateLimiter } from './rate-limiter.js';

/** What a runner needs beside the consumer's own parts. */
export interface EntryRunnerParts extends ConsumerParts {
  readonly held: HeldEntries;
  readonly acks: AckBatch;
  readonly leases: LeaseKeeper;
  /** Of the consumer whose runner this is; made after it. */
  readonly actions: () => DecisionActions;
  /** Told of what is committed; only where the handler orders. */
  readonly onDone: ((held: HeldEntry) => void) | undefined;
  readonly limiter: RateLimiter | undefined;
  /** Somebody waits for all entries to end. */
  readonly isHurried: () => boolean;
  /** Aborts when nothing more may be started. */
  readonly stopping: AbortSignal;
}

export interface EntryRunner {
  /** Runs an entry that has a slot to its end; never rejects. */
  readonly run: (held: HeldEntry) => Promise<void>;
  /** Somebody has begun to wait for all entries to end: what waits for company is started without. */
  readonly hurry: () => void;
}

/** How the entries of a handler run: each by itself, or in batches; behind the rate limit, if there is one. */
export function entryRunner(parts: EntryRunnerParts): EntryRunner {
  const runner = parts.options.batch === undefined ? singleRunner(parts) : batchRunner(parts);
  const { limiter } = parts;
  return limiter === undefined ? runner : { ...runner, run: limited(runner.run, limiter, parts) };
}

function limited(run: EntryRunner['run'], limiter: RateLimiter, parts: EntryRunnerParts): EntryRunner['run'] {
  const { held: all } = parts;
  all.onRelease((held) => limiter.withdraw(held));
  return async (held) => {
    // it can still be given back
    held.state = 'ready';
    const lost = new DeliverySignal();
    lost.addEventListener('abort', () => limiter.withdraw(held));
    held.watch(lost);
    const isPermitted = await permitted(held, limiter, parts);
    held.end();
    // without a permit only what was lost meanwhile goes on: to where that is said
    if (all.get(held.id) !== held || !(isPermitted || held.interruption)) return;
    held.state = 'running';
    await run(held);
  };
}

/** False when it is not held any more, lost to another consumer, or nothing may start any more: then no permit is taken. */
async function permitted(held: HeldEntry, limiter: RateLimiter, parts: EntryRunnerParts): Promise<boolean> {
  const { held: all, gate, stopping } = parts;
  do {
    await gate.opened(stopping);
    if (all.get(held.id) !== held || held.interruption) return false;
    if (!(await limiter.pass(held))) return false;
  } while (!gate.isOpen);
  return true;
}

function singleRunner(parts: EntryRunnerParts): EntryRunner {
  const delivery = new MessageDelivery(deliveryParts(parts));
  const run = async (held: HeldEntry): Promise<void> => {
    // given back while it waited for its turn
    if (parts.held.get(held.id) !== held) return;
    try {
      const decision = await delivery.deliver(held);
      if (decision) await performDecision(decision, held, parts.actions());
      else if (parts.onDone) parts.onDone(held);
    } catch (error) {
      leave(held, error, parts);
    }
  };
  return { run, hurry: () => undefined };
}

function batchRunner(parts: EntryRunnerParts): EntryRunner {
  const { options, gate, stopping, isHurried, held: all } = parts;
  const { size = 1, waitMs = 0 } = options.batch ?? {};
  const delivery = makeBatchDelivery(parts);
  const gatherer = new BatchGatherer({
    size,
    waitMs,
    concurrency: options.concurrency,
    isHurried,
    mayStart: () => (gate.isOpen ? undefined : gate.opened(stopping)),
    run: (batch) => runBatch(batch, delivery, parts),
    signal: stopping,
  });
  all.onRelease((held) => gatherer.withdraw(held));
  return {
    // given back while it waited for its turn
    run: (held) => (all.get(held.id) === held ? gatherer.add(held) : Promise.resolve()),
    hurry: () => gatherer.hurry(),
  };
}

function makeBatchDelivery(parts: EntryRunnerParts): BatchDelivery {
  const { options, delivery } = parts;
  const shared = deliveryParts(parts);
  const transaction =
    options.batch?.mode === 'each'
      ? new EachTransaction(shared, delivery.handler)
      : new TogetherTransaction(shared, delivery.batchHandler as BatchInvoker);
  return new BatchDelivery({ ...shared, transaction, patienceMs: options.handlerTimeoutMs ?? options.claimIdleMs });
}

async function runBatch(batch: readonly HeldEntry[], delivery: BatchDelivery, parts: EntryRunnerParts): Promise<void> {
  const ends = await delivery.deliver(batch);
  await Promise.all(
    batch.map(async (held) => {
      const end = ends.get(held);
      try {
        if (typeof end === 'object') await performDecision(end, held, parts.actions());
      } catch (error) {
        leave(held, error, parts);
      }
    }),
  );
}

/** Nothing throws here by design; if it does, the entry is claimed again later and the slot goes on. */
function leave(held: HeldEntry, error: unknown, { held: all, logger, stream }: EntryRunnerParts): void {
  all.release(held);
  logger.error(`Entry ${held.id} of stream "${stream.stream}" was left pending: ${describeError(error)}`);
}

function deliveryParts(parts: EntryRunnerParts): DeliveryParts & Pick<EntryRunnerParts, 'leases'> {
  const { stream, options, delivery, gate, metrics, acks, leases } = parts;
  const timeoutMs = shorter(options.handlerTimeoutMs, options.session.timeoutMs);
  const session = { ...options.session, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const { stream: name, group } = stream;
  return { ...delivery, stream: name, group, session, acks, leases, gate, policy: options, metrics };
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
