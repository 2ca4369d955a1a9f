import type { DbSession } from '@safesync/db';
import type { Message } from '../message/message.js';
import type { BatchOptions } from './batch.options.js';
import type { BatchContext } from './batch-context.js';
import type { DeliveryContext } from './delivery-context.js';
import type { DeliveryOutcome } from './delivery-outcome.js';
import { HandlerRefusedError } from './handler.errors.js';
import type { PayloadOf, PayloadType } from './payload-validation.js';
import type { StreamHandlerOptions } from './stream-handler.options.js';

const OPTIONS = Symbol.for('@safesync/queue/stream-handler');

/** The shape of a decorated method. `T` is what `payload` declares; without one, whatever the method says it expects. */
export type StreamHandlerMethod<T> = (
  message: Message<T>,
  session: DbSession,
  context: DeliveryContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: an async method without a return statement is a Promise<void>
) => Promise<DeliveryOutcome | void>;

/** The shape of a method with `batch` (mode `together`): a list of outcomes has one for each message, in the same order. */
export type StreamBatchHandlerMethod<T> = (
  messages: readonly Message<T>[],
  session: DbSession,
  context: BatchContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
) => Promise<DeliveryOutcome | readonly (DeliveryOutcome | undefined)[] | void>;

/** Options with which the method gets a list of messages. */
export interface StreamBatchHandlerOptions<P extends PayloadType = never> extends StreamHandlerOptions<P> {
  readonly batch: BatchOptions & { readonly mode?: 'together' };
}

type MethodDecoratorOf<H> = <M extends H>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Marks a method as the handler of a stream for one consumer group. Each message runs in one transaction: what the method
 * writes through `session` is committed when it returns, and only then is the message acknowledged. With `batch` several messages share one transaction.
 *
 * The mark alone starts nothing: `SafeSyncQueueModule` finds it at boot. One method handles one stream.
 */
export function StreamHandler<P extends PayloadType = never>(
  options: StreamBatchHandlerOptions<P>,
): MethodDecoratorOf<StreamBatchHandlerMethod<PayloadOf<P>>>;
export function StreamHandler<P extends PayloadType = never>(
  options: StreamHandlerOptions<P>,
): MethodDecoratorOf<StreamHandlerMethod<PayloadOf<P>>>;
export function StreamHandler(
  options: StreamHandlerOptions<PayloadType>,
): (target: object, method: string | symbol) => void {
  return (target, method) => {
    const isStatic = typeof target === 'function';
    const where = `${isStatic ? target.name : target.constructor.name}.${String(method)}`;
    if (isStatic || typeof method === 'symbol') {
      const remedy = 'Put @StreamHandler on an instance method with a plain name.';
      throw new HandlerRefusedError(where, isStatic ? 'is static' : 'is named by a symbol', remedy);
    }
    if (typeof options !== 'object' || options === null) {
      throw new HandlerRefusedError(where, 'has no options', 'Write @StreamHandler({ stream, group }).');
    }
    if (Reflect.hasOwnMetadata(OPTIONS, target, method)) {
      throw new HandlerRefusedError(where, 'carries @StreamHandler twice', 'Write one method per stream and group.');
    }
    Reflect.defineMetadata(OPTIONS, options, target, method);
  };
}

/** The options that the method of `prototype` was marked with, its base classes included; undefined for any other method. */
export function streamHandlerOptionsOf(
  prototype: object,
  method: string,
): StreamHandlerOptions<PayloadType> | undefined {
  return Reflect.getMetadata(OPTIONS, prototype, method) as StreamHandlerOptions<PayloadType> | undefined;
}
