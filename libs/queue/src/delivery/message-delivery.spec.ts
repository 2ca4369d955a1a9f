import type { MetricsRecorder } from '@safesync/core';
import { JsonCodec } from '../message/json.codec.js';
import { HeldEntry } from './held-entry.js';
import { type DeliveryParts, MessageDelivery } from './message-delivery.js';

const fail = (): never => {
  throw new Error('A trap.');
};

function deliveryThatThrows(thrown: unknown, maxDeliveries: number): MessageDelivery {
  const metrics = { add: () => undefined, observe: () => undefined } as unknown as MetricsRecorder;
  const run = () => Promise.reject(thrown);
  return new MessageDelivery({
    stream: 's',
    group: 'g',
    codec: new JsonCodec(),
    validate: undefined,
    sessions: { run } as DeliveryParts['sessions'],
    session: {},
    inbox: undefined,
    handler: () => Promise.resolve(),
    acks: { add: fail },
    leases: { renew: () => Promise.resolve(true), confirm: () => undefined },
    gate: { ask: () => Promise.resolve(true) },
    policy: { maxDeliveries, retry: { baseMs: 1, maxMs: 1 } },
    metrics,
  });
}

const entry = (): HeldEntry =>
  new HeldEntry({ id: '1-0', fields: [Buffer.from('data'), Buffer.from('{}')], deliveryCount: 1 });

describe('MessageDelivery', () => {
  const hostile: [string, () => unknown][] = [
    ['a proxy that throws', () => new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail })],
    ['a throwing code', () => Object.defineProperty(new Error('x'), 'code', { get: fail })],
    ['a throwing cause', () => Object.defineProperty(new Error('x'), 'cause', { get: fail })],
    ['undefined', () => undefined],
  ];

  it.each(hostile)('counts %s like any other failure', async (_what, make) => {
    const held = entry();
    await expect(deliveryThatThrows(make(), 2).deliver(held)).resolves.toMatchObject({ kind: 'retry' });
    expect(held.history).toHaveLength(1);
    await expect(deliveryThatThrows(make(), 1).deliver(entry())).resolves.toMatchObject({ cause: 'max_deliveries' });
  });
});
