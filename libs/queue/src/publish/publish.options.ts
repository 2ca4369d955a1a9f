import { MAX_TIMER_MS, OptionFaults } from '@safesync/core';
import type { MessageMetadata } from '../message/message-metadata.js';

/** How one message is published. */
export interface PublishTerms {
  /**
   * Any text. A second publish to the stream with the same key, within the stream's `dedupeWindowMs`, writes nothing and
   * returns the id of the first. It also makes a lost answer harmless: the publish is repeated by itself, within its time and
   * half of the window.
   */
  readonly dedupeKey?: string;
  /** Kept in Redis for this long before it is in the stream, by the clock of the server, in ms. Up to a year. Default 0. */
  readonly delayMs?: number;
}

/** What travels beside the payload, and how it is published. */
export interface PublishOptions extends MessageMetadata, PublishTerms, InSessionOptions {}

/** One message of a batch. */
export interface OutgoingMessage extends MessageMetadata, PublishTerms {
  readonly payload: object;
}

/** Of whatever no transaction can take back. */
export interface InSessionOptions {
  /** Does it inside of an open session too, where it stays done although the transaction may roll back. Default false. */
  readonly evenInSession?: boolean;
}

export const DEFAULT_DEDUPE_WINDOW_MS = 3_600_000;
const YEAR_MS = 31_536_000_000;

/** Records a fault unless the window is one that Redis and a reader of logs can live with: a second to a year. */
export function checkDedupeWindow(faults: OptionFaults, name: string, windowMs: number): void {
  faults.integer(name, windowMs, 1_000, YEAR_MS);
}

/** Longest `timeoutMs` of a publisher. */
export function checkTimeout(faults: OptionFaults, timeoutMs: number | undefined): void {
  if (timeoutMs !== undefined) faults.integer('timeoutMs', timeoutMs, 1, MAX_TIMER_MS);
}

/** True when the terms ask for more than an append; throws `InvalidOptionsError`. */
export function hasTerms({ dedupeKey, delayMs }: PublishTerms): boolean {
  if (dedupeKey === undefined && delayMs === undefined) return false;
  const faults = new OptionFaults('publish');
  if (dedupeKey !== undefined) {
    faults.require(typeof dedupeKey === 'string' && dedupeKey !== '', 'dedupeKey must be a text that is not empty');
  }
  if (delayMs !== undefined) faults.integer('delayMs', delayMs, 0, YEAR_MS);
  faults.throwIfAny();
  return true;
}
