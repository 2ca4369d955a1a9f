import type { ExternalContextCreator } from '@nestjs/core';
import type { DbSession } from '@safesync/db';
import type { Message } from '../message/message.js';
import type { BatchContext } from './batch-context.js';
import { type DeliveryOutcome, isDeliveryOutcome } from './delivery-outcome.js';
import { BatchOutcomesError, HandlerNotCompletedError } from './handler.errors.js';
import {
  createHandlerChain,
  type HandlerMethod,
  newInvocation,
  outcomeOf,
  RolledBackOutcome,
} from './handler-invoker.js';

/** One for each message, in order; `undefined`: done. */
export type BatchOutcomes = readonly (DeliveryOutcome | undefined)[];

/**
 * Runs a batch handler through Nest's guards, interceptors, pipes and filters. Resolves when its body completed: with nothing
 * when all messages are done, else with what it decided for each. Rejects with `RolledBackOutcome` for an end without a commit
 * that is for all, and with the error otherwise.
 */
export type BatchInvoker = (
  messages: readonly Message[],
  session: DbSession,
  context: BatchContext,
) => Promise<BatchOutcomes | undefined>;

export function createBatchInvoker(creator: ExternalContextCreator, handler: HandlerMethod): BatchInvoker {
  const chain = createHandlerChain(creator, handler);
  return async (messages, session, context) => {
    const invocation = newInvocation();
    const answer: unknown = await chain(messages, session, context, invocation);
    const outcome = outcomeOf(answer) ?? outcomeOf(invocation.result);
    if (outcome && !(invocation.isCompleted && outcome.kind === 'acknowledge')) throw new RolledBackOutcome(outcome);
    if (!invocation.isCompleted) throw invocation.error ?? new HandlerNotCompletedError(handler.where);
    const count = messages.length;
    return outcomesOf(answer, count, handler.where) ?? outcomesOf(invocation.result, count, handler.where);
  };
}

/** A list without an outcome in it is any other value, and ignored like one. */
function outcomesOf(value: unknown, count: number, where: string): BatchOutcomes | undefined {
  if (!Array.isArray(value) || !value.some(isDeliveryOutcome)) return undefined;
  if (value.length !== count) throw new BatchOutcomesError(where, value.length, count);
  return value.map(outcomeOf);
}
