import {
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type Provider,
  type Type,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, ExternalContextCreator } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import type { DbSession } from '@safesync/db';
import { EMPTY, of, retry, tap } from 'rxjs';
import type { Message } from '../message/message.js';
import { DeliveryContext } from './delivery-context.js';
import { createHandlerInvoker, type HandlerInvoker } from './handler-invoker.js';

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

describe('what runs around a handler', () => {
  let module: TestingModule | undefined;
  afterEach(async () => {
    await module?.close();
    module = undefined;
  });

  async function invokerOf(type: Type, extra: Provider[] = []): Promise<HandlerInvoker> {
    module = await Test.createTestingModule({ providers: [type, ...extra] }).compile();
    module.useLogger(false);
    await module.init();
    const handler = { instance: module.get<object>(type), method: 'on', where: 'H.on', payloadClass: undefined };
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

  it('nobody logs an error whole: a driver may have put values into it', async () => {
    @Injectable()
    class Leaky {
      async on(): Promise<void> {
        throw Object.assign(new Error('failed: VALUES (4111-1111)'), { sql: 'VALUES (4111-1111)' });
      }
    }
    const invoke = await invokerOf(Leaky);
    const lines: unknown[] = [];
    const collect = (...line: unknown[]): void => void lines.push(...line);
    module?.useLogger({ log: collect, warn: collect, error: collect });
    await expect(invoke(messageOf({}), session, context)).rejects.toThrow('failed');
    expect(lines).toEqual([]);
  });

  describe('interceptors', () => {
    const interceptor = (intercept: NestInterceptor['intercept']): Provider => ({
      provide: APP_INTERCEPTOR,
      useValue: { intercept },
    });

    it('run around the body', async () => {
      const order: string[] = [];
      @Injectable()
      class Ordered {
        @UseInterceptors({
          intercept: (_context: ExecutionContext, next: { handle(): ReturnType<typeof of> }) => {
            order.push('before');
            return next.handle().pipe(tap(() => order.push('after')));
          },
        })
        async on(): Promise<void> {
          order.push('body');
        }
      }
      await (await invokerOf(Ordered))(messageOf({}), session, context);
      expect(order).toEqual(['before', 'body', 'after']);
    });

    it.each([
      ['answers', () => of('x')],
      ['answers with an object', () => of({ kind: 'acknowledge' })],
    ])('one that %s in the place of the body is a failure', async (_what, intercept) => {
      const invoke = await invokerOf(Plain, [interceptor(intercept)]);
      await expect(invoke(messageOf({}), session, context)).rejects.toMatchObject({ code: 'HANDLER_NOT_COMPLETED' });
      expect(calls).toEqual([]);
    });

    it('one that completes without a value is a failure', async () => {
      const invoke = await invokerOf(Plain, [interceptor(() => EMPTY)]);
      await expect(invoke(messageOf({}), session, context)).rejects.toThrow('no elements in sequence');
    });

    it('one that retries does not run the body twice in one transaction', async () => {
      let runs = 0;
      @Injectable()
      class Failing {
        async on(): Promise<void> {
          runs += 1;
          throw new Error('no');
        }
      }
      const invoke = await invokerOf(Failing, [interceptor((_context, next) => next.handle().pipe(retry(2)))]);
      await expect(invoke(messageOf({}), session, context)).rejects.toMatchObject({ code: 'HANDLER_REPEATED' });
      expect(runs).toBe(1);
    });

    it('one that fails after the body makes the delivery fail', async () => {
      const fail = interceptor((_context, next) =>
        next.handle().pipe(
          tap(() => {
            throw new Error('after');
          }),
        ),
      );
      await expect((await invokerOf(Plain, [fail]))(messageOf({}), session, context)).rejects.toThrow('after');
      expect(calls).toHaveLength(1);
    });
  });

  describe('filters', () => {
    @Injectable()
    class Failing {
      async on(message: Message<Error>): Promise<void> {
        throw message.payload;
      }
    }
    const filter = (answer: unknown): Provider => {
      @Catch()
      class CatchAll implements ExceptionFilter {
        catch(): unknown {
          return answer;
        }
      }
      return { provide: APP_FILTER, useClass: CatchAll };
    };

    it.each([
      ['a value', 'handled'],
      ['nothing', undefined],
      ['null', null],
    ])(
      'that swallow an error with %s do not make it a success: the error itself fails the delivery',
      async (_what, answer) => {
        const error = new Error('no');
        await expect((await invokerOf(Failing, [filter(answer)]))(messageOf(error), session, context)).rejects.toBe(
          error,
        );
      },
    );

    it('that swallow the refusal of a guard do not make it a success', async () => {
      const guard = { provide: APP_GUARD, useValue: { canActivate: () => false } };
      const invoke = await invokerOf(Plain, [guard, filter('handled')]);
      await expect(invoke(messageOf({}), session, context)).rejects.toMatchObject({ code: 'HANDLER_NOT_COMPLETED' });
    });

    it.each(['acknowledge', 'retry', 'deadLetter'] as const)('may decide: %s, always with a rollback', async (kind) => {
      const outcomes = { acknowledge: context.ack(), retry: context.retry(), deadLetter: context.deadLetter('x') };
      const invoke = await invokerOf(Failing, [filter(outcomes[kind])]);
      await expect(invoke(messageOf(new Error('no')), session, context)).rejects.toMatchObject({ outcome: { kind } });
    });

    it('may stand on the method and replace the error', async () => {
      @Catch(TypeError)
      class ToRange implements ExceptionFilter {
        catch(): never {
          throw new RangeError('translated');
        }
      }
      @Injectable()
      class Filtered {
        @UseFilters(ToRange)
        async on(): Promise<void> {
          throw new TypeError('no');
        }
      }
      await expect((await invokerOf(Filtered))(messageOf({}), session, context)).rejects.toThrow(RangeError);
    });
  });
});
