import { Injectable, type Type } from '@nestjs/common';
import type { DbSession } from '@safesync/db';
import {
  type BatchContext,
  type DeliveryOutcome,
  type Message,
  type PayloadType,
  type StreamBatchHandlerOptions,
  StreamHandler,
} from '@safesync/queue';
import { effect } from './handler-world.js';

export type Numbered = Message<{ n: number }>;
export type BatchBody = (
  messages: readonly Numbered[],
  session: DbSession,
  context: BatchContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return statement is a Promise<void>
) => Promise<DeliveryOutcome | readonly (DeliveryOutcome | undefined)[] | void>;

/** A provider with one method that handles batches of a stream. */
export function batchHandlerOf(options: StreamBatchHandlerOptions<PayloadType>, body: BatchBody): Type {
  @Injectable()
  class BatchHandler {
    @StreamHandler(options)
    on(messages: readonly Message[], session: DbSession, context: BatchContext): ReturnType<BatchBody> {
      return body(messages as readonly Numbered[], session, context);
    }
  }
  return BatchHandler;
}

export async function effects(messages: readonly Numbered[], session: DbSession): Promise<void> {
  for (const message of messages) await effect(message, session);
}

export const numbersOf = (messages: readonly Numbered[]): number[] => messages.map(({ payload }) => payload.n);
