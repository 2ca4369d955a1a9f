import type { DeadLetter } from '@safesync/queue';
import type { FaultPayload } from './worker-settings.js';

/** How many accounts the amounts go to: 0 and up. */
export const ACCOUNTS = 10;

/** The message with this number, always the same. */
export function payloadOf(n: number, poison?: string): FaultPayload {
  const payload = { n, account: n % ACCOUNTS, amount: ((n * 37) % 100) + 1 };
  return poison === undefined ? payload : { ...payload, poison };
}

/** What each account must hold when these were done once each, but for those that were given up. */
export function modelOf(payloads: readonly FaultPayload[], dead: ReadonlySet<string>): Map<string, bigint> {
  const model = new Map(Array.from({ length: ACCOUNTS }, (_, id) => [String(id), 0n]));
  for (const { n, account, amount } of payloads) {
    if (!dead.has(String(n))) model.set(String(account), (model.get(String(account)) ?? 0n) + BigInt(amount));
  }
  return model;
}

/** With an id of the producer's own, as one has that may have to publish again. */
export function textOf(payload: FaultPayload): string {
  return JSON.stringify({ ...payload, __safesync: { id: `m-${payload.n}` } });
}

/** The number of the message, or the text of one that never was a message. */
export function keyOf({ data = '' }: DeadLetter): string {
  try {
    return String((JSON.parse(data) as FaultPayload).n);
  } catch {
    return data;
  }
}
