import type { DbSession } from '@safesync/db';
import {
  type BatchContext,
  type DeliveryContext,
  type DeliveryOutcome,
  type Message,
  StreamHandler,
} from '@safesync/queue';
import { z } from 'zod';

class Transfer {
  from!: number;
}
const schema = z.object({ from: z.number() });
const base = { stream: 's', group: 'g' };

/** Compiled, never run: what is expected to be refused is marked. */
class Handlers {
  @StreamHandler(base)
  async anything(_message: Message<{ whatever: string }>): Promise<void> {}

  @StreamHandler(base)
  async nothing(): Promise<void> {}

  @StreamHandler({ ...base, payload: Transfer })
  async ofClass(_message: Message<Transfer>, _session: DbSession, _context: DeliveryContext): Promise<void> {}

  @StreamHandler({ ...base, payload: schema })
  async ofSchema(_message: Message<{ from: number }>): Promise<void> {}

  @StreamHandler({ ...base, payload: Transfer })
  async deciding(
    message: Message<Transfer>,
    _session: DbSession,
    context: DeliveryContext,
  ): Promise<DeliveryOutcome | undefined> {
    return message.payload.from > 1 ? context.retry() : undefined;
  }

  // @ts-expect-error the class declares a number
  @StreamHandler({ ...base, payload: Transfer })
  async wrongClass(_message: Message<{ from: string }>): Promise<void> {}

  // @ts-expect-error the schema declares a number
  @StreamHandler({ ...base, payload: schema })
  async wrongSchema(_message: Message<{ from: string }>): Promise<void> {}

  // @ts-expect-error a handler that is not awaited cannot be committed
  @StreamHandler(base)
  notAsync(_message: Message): void {}

  // @ts-expect-error a result that nobody reads
  @StreamHandler(base)
  async answering(_message: Message): Promise<number> {
    return 1;
  }

  @StreamHandler({ ...base, payload: Transfer, batch: { size: 10 } })
  async batch(
    messages: readonly Message<Transfer>[],
    _session: DbSession,
    context: BatchContext,
  ): Promise<(DeliveryOutcome | undefined)[]> {
    return messages.map(({ payload }) => (payload.from > 1 ? context.retry() : undefined));
  }

  @StreamHandler({ ...base, payload: Transfer, batch: { mode: 'each' } })
  async each(_message: Message<Transfer>): Promise<void> {}

  // @ts-expect-error a batch is a list
  @StreamHandler({ ...base, payload: Transfer, batch: {} })
  async single(_message: Message<Transfer>): Promise<void> {}

  // @ts-expect-error one message at a time
  @StreamHandler({ ...base, payload: Transfer, batch: { mode: 'each' } })
  async list(_messages: readonly Message<Transfer>[]): Promise<void> {}

  // @ts-expect-error the class declares a number
  @StreamHandler({ ...base, payload: Transfer, batch: { mode: 'together' } })
  async wrongBatch(_messages: readonly Message<{ from: string }>[]): Promise<void> {}

  // @ts-expect-error the session comes second
  @StreamHandler(base)
  async swapped(_session: DbSession, _message: Message): Promise<void> {}
}

describe('the type of a handler', () => {
  it('follows from the payload that the decorator declares (checked by the compiler)', () => {
    expect(Object.getOwnPropertyNames(Handlers.prototype)).toContain('ofClass');
  });
});
