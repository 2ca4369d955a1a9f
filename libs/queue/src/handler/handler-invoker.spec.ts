import {
  type ArgumentMetadata,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
  type Provider,
  SetMetadata,
  type Type,
  UseGuards,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD, APP_PIPE, ExternalContextCreator, Reflector } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConnectionLostError, type DbSession } from '@safesync/db';
import { IsInt } from 'class-validator';
import type { Message } from '../message/message.js';
import { DeliveryContext } from './delivery-context.js';
import { createHandlerInvoker, type HandlerInvoker } from './handler-invoker.js';
import type { PayloadClass } from './payload-validation.js';

class Transfer {
  @IsInt()
  from!: number;
}

const session = {} as DbSession;
const context = new DeliveryContext(session, 2, 1, async () => true);
const messageOf = (payload: unknown): Message => ({
  id: 'm',
  entryId: '1-0',
  stream: 's',
  group: 'g',
  payload,
  headers: {},
  deliveryCount: 2,
});

describe('createHandlerInvoker', () => {
  let module: TestingModule | undefined;
  afterEach(async () => {
    await module?.close();
    module = undefined;
  });

  async function invokerOf(type: Type, extra: Provider[] = [], payloadClass?: PayloadClass): Promise<HandlerInvoker> {
    module = await Test.createTestingModule({ providers: [type, ...extra] }).compile();
    // APP_* filters log what passes them
    module.useLogger(false);
    await module.init();
    const handler = { instance: module.get<object>(type), method: 'on', where: 'H.on', payloadClass };
    return createHandlerInvoker(module.get(ExternalContextCreator, { strict: false }), handler);
  }

  const calls: unknown[][] = [];
  beforeEach(() => void calls.splice(0));

  @Injectable()
  class Plain {
    readonly self = this;
    async on(...args: unknown[]): Promise<void> {
      calls.push([this === this.self, ...args]);
    }
  }

  it('calls the method on its instance with message, session and context', async () => {
    const invoke = await invokerOf(Plain);
    const message = messageOf({ from: 1 });
    await expect(invoke(message, session, context)).resolves.toBeUndefined();
    expect(calls).toEqual([[true, message, session, context]]);
  });

  it('rejects with the error of the method, whatever it is', async () => {
    const thrown: unknown[] = [new Error('no'), 'text', null, undefined, Object.freeze({ code: 'X' })];
    @Injectable()
    class Failing {
      async on({ payload }: Message<number>): Promise<void> {
        throw thrown[payload];
      }
    }
    const invoke = await invokerOf(Failing);
    for (const [index, error] of thrown.entries()) {
      await expect(invoke(messageOf(index), session, context)).rejects.toBe(error);
    }
  });

  describe('outcomes', () => {
    @Injectable()
    class Deciding {
      async on({ payload }: Message<'ack' | 'retry' | 'deadLetter'>, _session: DbSession, delivery: DeliveryContext) {
        if (payload === 'ack') return delivery.ack();
        return payload === 'retry' ? delivery.retry({ delayMs: 5 }) : delivery.deadLetter('closed');
      }
    }

    it('acknowledge is a commit', async () => {
      const invoke = await invokerOf(Deciding);
      await expect(invoke(messageOf('ack'), session, context)).resolves.toBeUndefined();
    });

    it.each([
      ['retry', { kind: 'retry', delayMs: 5 }],
      ['deadLetter', { kind: 'deadLetter', reason: 'closed' }],
    ])('%s is a rollback', async (payload, outcome) => {
      const invoke = await invokerOf(Deciding);
      await expect(invoke(messageOf(payload), session, context)).rejects.toMatchObject({ outcome });
    });

    it('are not faked by a payload that looks like one', async () => {
      @Injectable()
      class Echo {
        async on(message: Message): Promise<unknown> {
          return message.payload;
        }
      }
      const invoke = await invokerOf(Echo);
      await expect(invoke(messageOf({ kind: 'deadLetter', reason: 'x' }), session, context)).resolves.toBeUndefined();
    });
  });

  describe('guards', () => {
    const seen: unknown[] = [];
    @Injectable()
    class Guard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(execution: ExecutionContext): boolean {
        const role = this.reflector.getAllAndOverride<string>('role', [execution.getHandler(), execution.getClass()]);
        seen.push([
          execution.getType(),
          execution.getHandler().name,
          execution.getClass().name,
          execution.getArgs()[0],
        ]);
        return role === 'booker';
      }
    }
    @Injectable()
    class Booker {
      @SetMetadata('role', 'booker')
      async on(): Promise<void> {
        calls.push([]);
      }
    }

    it('see context type, method and class, and the metadata that decorators left on them', async () => {
      const invoke = await invokerOf(Booker, [{ provide: APP_GUARD, useClass: Guard }]);
      const message = messageOf({});
      await invoke(message, session, context);
      expect(seen).toEqual([['safesync', 'on', 'Booker', message]]);
      expect(calls).toHaveLength(1);
    });

    it('that refuse keep the body from running', async () => {
      const invoke = await invokerOf(Plain, [{ provide: APP_GUARD, useClass: Guard }]);
      await expect(invoke(messageOf({}), session, context)).rejects.toThrow('Forbidden');
      expect(calls).toEqual([]);
    });

    it('may stand on the method', async () => {
      @Injectable()
      class Guarded {
        @UseGuards({ canActivate: () => false })
        async on(): Promise<void> {
          calls.push([]);
        }
      }
      await expect((await invokerOf(Guarded))(messageOf({}), session, context)).rejects.toThrow('Forbidden');
      expect(calls).toEqual([]);
    });
  });

  describe('pipes', () => {
    it('see the payload alone, with its class as the metatype; the method gets what they return', async () => {
      const metadata: ArgumentMetadata[] = [];
      @Injectable()
      class Pipe implements PipeTransform {
        transform(value: { from: number }, argument: ArgumentMetadata): unknown {
          metadata.push(argument);
          return { from: value.from + 1 };
        }
      }
      @Injectable()
      class Piped {
        @UsePipes(Pipe)
        async on(message: Message<Transfer>, given: DbSession): Promise<void> {
          calls.push([message.payload, given]);
        }
      }
      const invoke = await invokerOf(Piped, [{ provide: APP_PIPE, useClass: Pipe }, Pipe], Transfer);
      await invoke(messageOf({ from: 1 }), session, context);
      expect(calls).toEqual([[{ from: 3 }, session]]);
      expect(metadata).toHaveLength(2);
      for (const argument of metadata) expect(argument).toEqual({ type: 'body', metatype: Transfer, data: undefined });
    });

    it('a global ValidationPipe rejects a bad payload before the body, and transforms a good one', async () => {
      const pipe = { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) };
      const invoke = await invokerOf(Plain, [pipe], Transfer);
      await expect(invoke(messageOf({ from: 'canary' }), session, context)).rejects.toMatchObject({
        code: 'PAYLOAD_INVALID',
        message: expect.not.stringContaining('canary'),
      });
      expect(calls).toEqual([]);
      await invoke(messageOf({ from: 1 }), session, context);
      expect(calls).toEqual([[true, expect.objectContaining({ payload: expect.any(Transfer) }), session, context]]);
    });

    it('that fail for want of a database do not condemn the message', async () => {
      const lost = new ConnectionLostError();
      const pipe = { provide: APP_PIPE, useValue: { transform: () => Promise.reject(lost) } };
      await expect((await invokerOf(Plain, [pipe]))(messageOf({}), session, context)).rejects.toBe(lost);
    });
  });
});
