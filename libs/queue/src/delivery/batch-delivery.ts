import { sleep } from '@safesync/core';
import type { SessionOptions } from '@safesync/db';
import { RolledBackOutcome } from '../handler/handler-invoker.js';
import { BATCH_SIZE, DELIVERIES, HANDLER_DURATION } from '../queue.metrics.js';
import { isWholesale, partsAfter, partsWithout, stoppedFrom } from './batch-division.js';
import { readBatch } from './batch-messages.js';
import type { BatchTransaction, OwnEnd } from './batch-transaction.js';
import { BatchLeftOut } from './batch-transaction.js';
import type { DeliveryDecision } from './delivery-policy.js';
import { DeliverySignal } from './delivery-signal.js';
import { FailureDecider } from './failure-decider.js';
import type { HeldEntry } from './held-entry.js';
import type { Completion, DeliveryParts } from './message-delivery.js';

export interface BatchDeliveryParts extends Omit<DeliveryParts, 'handler' | 'leases'> {
  readonly transaction: BatchTransaction;
  /** How long a part may wait for a handler of the part before it that ignores its signal. */
  readonly patienceMs: number;
}

/** What became of each entry: a decision, or that its work is committed. */
export type BatchEnds = Map<HeldEntry, DeliveryDecision | Completion>;

/**
 * The path of a batch: what is committed is exactly what is acknowledged.
 *
 * 1. decode the entries and check their payloads; what fails here fails alone,
 * 2. run the handler for all of them in one transaction,
 * 3. acknowledge all, after the commit is known.
 *
 * When the transaction is rolled back the batch is divided and its parts run again at once, so that only a message which fails by
 * itself counts a failure: at most `2 * size - 1` runs. Never rejects.
 */
export class BatchDelivery {
  private readonly failures: FailureDecider;
  private readonly session: SessionOptions;

  constructor(private readonly parts: BatchDeliveryParts) {
    this.failures = new FailureDecider(parts);
    this.session = parts.session;
  }

  async deliver(batch: readonly HeldEntry[]): Promise<BatchEnds> {
    const startedAt = performance.now();
    const ends: BatchEnds = new Map();
    const open = [batch];
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      const able = await this.ableOf(part, ends);
      if (able.length > 0) open.push(...(await this.attempt(able, ends)).toReversed());
    }
    this.record(startedAt, ends);
    return ends;
  }

  /** Without those that were interrupted between two runs. */
  private async ableOf(part: readonly HeldEntry[], ends: BatchEnds): Promise<readonly HeldEntry[]> {
    const able: HeldEntry[] = [];
    for (const held of part) {
      if (held.interruption === undefined) able.push(held);
      else ends.set(held, await this.failures.decide({ stage: 'start', error: stoppedFrom(held) }, held));
    }
    return able;
  }

  /** One transaction for all; returns the parts that have to run again. */
  private async attempt(part: readonly HeldEntry[], ends: BatchEnds): Promise<readonly (readonly HeldEntry[])[]> {
    const { messages, skipped, failed } = await readBatch(part, this.parts);
    for (const held of skipped) ends.set(held, 'skipped');
    for (const held of skipped) this.parts.acks.add(held);
    await this.decideAll(failed, ends);
    const members = [...messages.keys()];
    if (members.length === 0) return [];
    const signal = new DeliverySignal();
    for (const held of members) held.begin(signal);
    const own: OwnEnd[] = [];
    try {
      const { sessions, transaction } = this.parts;
      await sessions.run((tx) => transaction.run(messages, tx, own), { ...this.session, signal });
    } catch (error) {
      return await this.rolledBack(error, members, ends);
    } finally {
      for (const held of members) held.end();
    }
    await this.committed(members, own, ends);
    return [];
  }

  private async committed(members: readonly HeldEntry[], own: readonly OwnEnd[], ends: BatchEnds): Promise<void> {
    for (const end of own) if (end.error === undefined) ends.set(end.held, 'duplicate');
    const failed = new Set(own.filter(({ error }) => error !== undefined).map(({ held }) => held));
    for (const held of members) {
      if (failed.has(held)) continue;
      if (!ends.has(held)) ends.set(held, 'done');
      this.parts.acks.add(held);
    }
    await this.decideAll(own, ends);
  }

  /**
   * Decides where nothing can be found out by running again; returns the parts that are run again. Failures of single messages
   * in it do not count: they may come of what others had written, which is undone.
   */
  private async rolledBack(
    error: unknown,
    members: readonly HeldEntry[],
    ends: BatchEnds,
  ): Promise<readonly (readonly HeldEntry[])[]> {
    if (error instanceof BatchLeftOut) return this.leftOut(error, members, ends);
    const { mode } = this.parts.transaction;
    const isOver = await this.handlersLeft(members);
    // whoever was interrupted is taken out before the others run again
    if (members.some(({ interruption }) => interruption !== undefined) && isOver) return partsWithout(members, mode);
    const isOfAll = error instanceof RolledBackOutcome && mode === 'together';
    const isForAll = members.length === 1 || !isOver || isOfAll;
    if (isForAll || (await isWholesale(error, this.parts.gate))) return this.failAll(error, members, ends);
    return partsAfter(members, mode);
  }

  private async leftOut(
    error: BatchLeftOut,
    members: readonly HeldEntry[],
    ends: BatchEnds,
  ): Promise<readonly (readonly HeldEntry[])[]> {
    await this.decideAll(error.ends, ends);
    const rest = members.filter((held) => !ends.has(held));
    return rest.length === 0 ? [] : [rest];
  }

  private async failAll(error: unknown, rest: readonly HeldEntry[], ends: BatchEnds): Promise<[]> {
    for (const held of rest) {
      // perhaps one of them brings the others down
      held.isAlone ||= rest.length > 1 && !(error instanceof RolledBackOutcome);
      ends.set(held, await this.failures.decide({ stage: 'handler', error }, held));
    }
    return [];
  }

  /** True when the run that was rolled back has really come to its end, and another one cannot overlap it. */
  private async handlersLeft(members: readonly HeldEntry[]): Promise<boolean> {
    const left = members.map((held) => held.whenLeft()).find((leaving) => leaving !== undefined);
    if (left === undefined) return true;
    if (members.some(({ interruption }) => interruption === 'stopping')) return false;
    const over = new DeliverySignal();
    for (const held of members) held.watch(over);
    let isOver = false;
    const noticed = left.then(() => {
      isOver = true;
      over.abort(undefined);
    });
    await Promise.race([noticed, sleep(this.parts.patienceMs, over)]);
    return isOver;
  }

  private async decideAll(ends: readonly OwnEnd[], decided: BatchEnds): Promise<void> {
    for (const { held, stage, error } of ends) {
      if (error !== undefined) decided.set(held, await this.failures.decide({ stage, error }, held));
    }
  }

  private record(startedAt: number, ends: BatchEnds): void {
    const { stream, group, metrics } = this.parts;
    const outcomes = [...ends.values()].map((end) => (typeof end === 'string' ? end : end.kind));
    for (const outcome of new Set(outcomes)) {
      const count = outcomes.filter((each) => each === outcome).length;
      metrics.add(DELIVERIES, { stream, group, outcome }, count);
    }
    const outcome = outcomes.find((each) => !COMPLETIONS.has(each)) ?? 'done';
    metrics.observe(HANDLER_DURATION, { stream, group, outcome }, (performance.now() - startedAt) / 1_000);
    metrics.observe(BATCH_SIZE, { stream, group }, outcomes.length);
  }
}

const COMPLETIONS: ReadonlySet<string> = new Set<Completion>(['done', 'duplicate', 'skipped']);
