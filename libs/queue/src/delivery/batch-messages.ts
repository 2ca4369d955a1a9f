import { type PayloadValidator, replacePayload } from '../handler/payload-validation.js';
import type { JsonCodec } from '../message/json.codec.js';
import { isForOthers, type Message, readMessage } from '../message/message.js';
import type { OwnEnd } from './batch-transaction.js';
import type { DeliveryPolicyOptions, DeliveryStage } from './delivery-policy.js';
import { requireDeliverable } from './failure-decider.js';
import type { HeldEntry } from './held-entry.js';

export interface BatchReading {
  readonly stream: string;
  readonly group: string;
  readonly codec: JsonCodec;
  readonly validate: PayloadValidator | undefined;
  readonly policy: DeliveryPolicyOptions;
  readonly inbox: object | undefined;
}

export interface BatchContents {
  readonly messages: ReadonlyMap<HeldEntry, Message>;
  /** Replays of dead letters of other groups: acknowledged, never handled. */
  readonly skipped: readonly HeldEntry[];
  readonly failed: readonly OwnEnd[];
}

/**
 * Decodes and checks each entry by itself. Done for every run again: pipes and handlers may have changed what they got in the
 * run before.
 */
export async function readBatch(part: readonly HeldEntry[], reading: BatchReading): Promise<BatchContents> {
  const messages = new Map<HeldEntry, Message>();
  const skipped: HeldEntry[] = [];
  const failed: OwnEnd[] = [];
  for (const held of part) {
    let stage: DeliveryStage = 'start';
    try {
      requireDeliverable(held, reading);
      stage = 'decode';
      const message = readMessage(held.entry, reading, reading.codec, held.takeDecoded());
      if (isForOthers(message)) {
        skipped.push(held);
        continue;
      }
      stage = 'validate';
      if (reading.validate) replacePayload(message, await reading.validate(message.payload));
      messages.set(held, message);
    } catch (error) {
      failed.push({ held, stage, error: error ?? new Error('nothing was thrown') });
    }
  }
  return { messages, skipped, failed };
}
