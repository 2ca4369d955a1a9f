const BRAND = Symbol.for('@safesync/delivery-outcome');

/**
 * What a handler (or an exception filter) may return instead of nothing; made by the methods of `DeliveryContext`.
 *
 * - `acknowledge`: done. From a handler that completed, its work is committed first; from a filter it rolls back and drops.
 * - `retry`: roll back and deliver again, after `delayMs` or the handler's own backoff.
 * - `deadLetter`: roll back and move to the dead-letter stream with `reason`.
 */
export type DeliveryOutcome =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'retry'; readonly delayMs?: number }
  | { readonly kind: 'deadLetter'; readonly reason: string };

/** Marks an object as an outcome, so that no other return value can be mistaken for one. */
export function deliveryOutcome(outcome: DeliveryOutcome): DeliveryOutcome {
  return Object.freeze(Object.defineProperty({ ...outcome }, BRAND, { value: true }));
}

export function isDeliveryOutcome(value: unknown): value is DeliveryOutcome {
  return typeof value === 'object' && value !== null && BRAND in value;
}
