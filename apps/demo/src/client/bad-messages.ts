import { randomUUID } from 'node:crypto';
import type { TransferPlan } from '../plan/transfer-plan.js';

/** The fields of one stream entry, names and values in turn. */
export type EntryFields = readonly string[];

/**
 * What a broken producer puts on a stream: entries that are no message, messages that are no transfer, and a transfer out of
 * an account that nobody has. Each must end as a dead letter of every group, and harm no neighbour.
 */
export function badMessages({ accounts: [first = '', second = ''] }: TransferPlan): readonly EntryFields[] {
  const valid = { id: randomUUID(), from: first, to: second, amount: '1.00' };
  return [
    ['data', '{"id": '],
    ['data', 'NaN'],
    ['payload', JSON.stringify(valid)],
    ['data', JSON.stringify(valid), 'more', 'fields'],
    ['data', JSON.stringify({ ...valid, amount: '-1.00' })],
    ['data', JSON.stringify({ ...valid, amount: 1 })],
    ['data', JSON.stringify({ ...valid, to: first })],
    ['data', JSON.stringify({ ...valid, from: 'nobody' })],
  ];
}

/** Requests that the API must refuse at its door, each with the field that the answer must name. */
export function invalidRequests({
  accounts: [from = '', to = ''],
}: TransferPlan): readonly (readonly [string, unknown])[] {
  const valid = { id: randomUUID(), from, to, amount: '1.00' };
  return [
    ['id', { ...valid, id: '1' }],
    ['from', { ...valid, from: undefined }],
    ['to', { ...valid, to: from }],
    ['amount', { ...valid, amount: 1 }],
    ['amount', { ...valid, amount: '0.001' }],
  ];
}
