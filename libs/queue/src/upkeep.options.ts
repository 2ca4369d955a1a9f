import { MAX_TIMER_MS, type OptionFaults } from '@safesync/core';

/** What is kept of the messages that every group of a stream has finished. */
export interface RetentionOptions {
  /** Older ones go, by the time in their ids, in ms. Default 86 400 000, a day. */
  readonly maxAgeMs?: number;
  /** Beyond so many entries in the stream finished ones go sooner, oldest first. Default 100 000. */
  readonly maxLength?: number;
  /** True: beyond `maxLength`, which must be given, unfinished messages go too. **This loses messages.** Default false. */
  readonly allowLoss?: boolean;
  /** Pause between two turns of upkeep, in ms: trimming, dead letters, consumers to forget. Default 120 000. */
  readonly intervalMs?: number;
}

/** What is kept of the dead letters of a stream. */
export interface DeadLetterRetentionOptions {
  /** Beyond so many the oldest go. Default 100 000. */
  readonly maxLength?: number;
  /** Older ones go, in ms. Default 2 592 000 000, 30 days. */
  readonly maxAgeMs?: number;
}

/** What of `forFeature` concerns the upkeep of a stream. */
export interface StreamUpkeepOptions {
  readonly retention?: RetentionOptions | false;
  readonly deadLetters?: DeadLetterRetentionOptions | false;
  readonly forgetConsumersAfterMs?: number;
}

export interface ResolvedRetention {
  readonly maxAgeMs: number;
  readonly maxLength: number;
  readonly allowLoss: boolean;
}

/** How a stream is kept in order; what is `undefined` is left alone. */
export interface StreamUpkeep {
  readonly retention: ResolvedRetention | undefined;
  readonly deadLetters: Required<DeadLetterRetentionOptions> | undefined;
  readonly forgetConsumersAfterMs: number;
  readonly intervalMs: number;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const INTERVAL_MS = 120_000;
const LENGTH = 100_000;

/** Fills in the defaults and adds what cannot work to `faults`. */
export function resolveUpkeep(stream: string, given: StreamUpkeepOptions, faults: OptionFaults): StreamUpkeep {
  const { retention = {}, deadLetters = {}, forgetConsumersAfterMs = HOUR_MS } = given;
  const intervalMs = (retention ? retention.intervalMs : undefined) ?? INTERVAL_MS;
  faults
    .integer(`forgetConsumersAfterMs of stream "${stream}"`, forgetConsumersAfterMs, 1)
    .integer(`retention.intervalMs of stream "${stream}"`, intervalMs, 1, MAX_TIMER_MS);
  return Object.freeze({
    retention: retention === false ? undefined : resolveRetention(stream, retention, faults),
    deadLetters: deadLetters === false ? undefined : resolveDeadLetters(stream, deadLetters, faults),
    forgetConsumersAfterMs,
    intervalMs,
  });
}

function resolveRetention(stream: string, given: RetentionOptions, faults: OptionFaults): ResolvedRetention {
  const { maxAgeMs = DAY_MS, maxLength = LENGTH, allowLoss = false } = given;
  faults
    .integer(`retention.maxAgeMs of stream "${stream}"`, maxAgeMs, 0)
    .integer(`retention.maxLength of stream "${stream}"`, maxLength, allowLoss ? 1 : 0)
    .require(
      !allowLoss || given.maxLength !== undefined,
      `retention.allowLoss of stream "${stream}" needs a maxLength, beyond which messages are lost`,
    );
  return { maxAgeMs, maxLength, allowLoss };
}

function resolveDeadLetters(
  stream: string,
  { maxLength = LENGTH, maxAgeMs = 30 * DAY_MS }: DeadLetterRetentionOptions,
  faults: OptionFaults,
): Required<DeadLetterRetentionOptions> {
  faults
    .integer(`deadLetters.maxLength of stream "${stream}"`, maxLength, 1)
    .integer(`deadLetters.maxAgeMs of stream "${stream}"`, maxAgeMs, 1);
  return { maxLength, maxAgeMs };
}
