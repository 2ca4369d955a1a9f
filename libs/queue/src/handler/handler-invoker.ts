import type { ExternalContextCreator } from '@nestjs/core';
import { isSafeSyncError } from '@safesync/core';
import { type DbSession, isConnectionError, isRetryable } from '@safesync/db';
import type { Message } from '../message/message.js';
import type { DeliveryContext } from './delivery-context.js';
import { type DeliveryOutcome, isDeliveryOutcome } from './delivery-outcome.js';
import { HandlerNotCompletedError, HandlerRepeatedError, PayloadInvalidError } from './handler.errors.js';
import { type PayloadClass, replacePayload } from './payload-validation.js';

/** What guards, interceptors and filters see from `context.getType()`; the arguments are message, session, delivery context. */
export const CONTEXT_TYPE = 'safesync';

/** A method to be called for messages. */
export interface HandlerMethod {
  readonly instance: object;
  readonly method: string;
  /** `Class.method`. */
  readonly where: string;
  /** What pipes see as the metatype of the payload. */
  readonly payloadClass: PayloadClass | undefined;
}

/**
 * Runs a handler through Nest's guards, interceptors, pipes and filters. Resolves only when its body completed and nobody asked
 * for anything but a commit; rejects with `RolledBackOutcome` when somebody did, and with the error otherwise.
 */
export type HandlerInvoker = (message: Message, session: DbSession, context: DeliveryContext) => Promise<void>;

/** The handler or a filter decided on an end without a commit. */
export class RolledBackOutcome extends Error {
  constructor(readonly outcome: DeliveryOutcome) {
    super(`The handler asked for: ${outcome.kind}.`);
    this.name = 'RolledBackOutcome';
  }
}

/** What the innermost call knows and what no interceptor or filter can change. */
interface Invocation {
  isStarted: boolean;
  isCompleted: boolean;
  result: unknown;
  error: unknown;
}

export function createHandlerInvoker(creator: ExternalContextCreator, handler: HandlerMethod): HandlerInvoker {
  const chain = createChain(creator, handler, createPipeline(creator, handler));
  return async (message, session, context) => {
    const invocation: Invocation = { isStarted: false, isCompleted: false, result: undefined, error: undefined };
    const answer: unknown = await chain(message, session, context, invocation);
    const outcome = [answer, invocation.result].find(isDeliveryOutcome);
    if (outcome && !(invocation.isCompleted && outcome.kind === 'acknowledge')) throw new RolledBackOutcome(outcome);
    if (invocation.isCompleted) return;
    // a filter swallowed it: the error itself says more than the fact
    throw invocation.error ?? new HandlerNotCompletedError(handler.where);
  };
}

type Chain = (
  message: Message,
  session: DbSession,
  context: DeliveryContext,
  invocation: Invocation,
) => Promise<unknown>;
type Pipeline = (payload: unknown) => Promise<unknown>;

/** Guards, interceptors and filters around: pipes, then the method. */
function createChain(
  creator: ExternalContextCreator,
  { instance, method, where }: HandlerMethod,
  pipes: Pipeline,
): Chain {
  const target = methodOf(instance, method);
  const body: Chain = async (message, session, context, invocation) => {
    if (invocation.isStarted) throw new HandlerRepeatedError(where);
    invocation.isStarted = true;
    try {
      replacePayload(message, await pipe(pipes, message.payload));
      invocation.result = await target.call(instance, message, session, context);
      invocation.isCompleted = true;
      return invocation.result;
    } catch (error) {
      invocation.error = error;
      throw error;
    }
  };
  const options = { guards: true, interceptors: true, filters: true };
  const callback = likeMethod(body as Callback, target);
  return creator.create(instance, callback, method, undefined, undefined, undefined, undefined, options, CONTEXT_TYPE);
}

/**
 * Applies the pipes of the method, its class and the application to the payload, alone, with the payload's class as the
 * metatype. A context of its own, because Nest would take the metatype from the method's first parameter, the message.
 */
function createPipeline(creator: ExternalContextCreator, { instance, method, payloadClass }: HandlerMethod): Pipeline {
  const prototype = Object.getPrototypeOf(instance) as object;
  const alias = `${method}(payload)`;
  Reflect.defineMetadata('design:paramtypes', [payloadClass], prototype, alias);
  Reflect.defineMetadata(
    PIPELINE,
    { [`${BODY}:0`]: { index: 0, data: undefined, pipes: [] } },
    prototype.constructor,
    alias,
  );
  const options = { guards: false, interceptors: false, filters: false };
  const params = { exchangeKeyForValue: (_type: number, _data: unknown, [payload]: unknown[]) => payload };
  const callback = likeMethod((payload: unknown) => payload, methodOf(instance, method));
  return creator.create(instance, callback, alias, PIPELINE, params, undefined, undefined, options, CONTEXT_TYPE);
}

const PIPELINE = '@safesync/queue/payload-pipeline';
/** Nest's number for a request body: pipes see `{ type: 'body' }`, the one type that ValidationPipe validates by itself. */
const BODY = 3;

async function pipe(pipes: Pipeline, payload: unknown): Promise<unknown> {
  try {
    return await pipes(payload);
  } catch (error) {
    if (isSafeSyncError(error) || isConnectionError(error) || isRetryable(error)) throw error;
    throw new PayloadInvalidError([], error);
  }
}

type Callback = (...args: unknown[]) => unknown;

function methodOf(instance: object, method: string): Callback {
  return (instance as Record<string, Callback>)[method] as Callback;
}

/** Metadata that decorators left on the method is found on the stand-in too (by its prototype), and so is the name. */
function likeMethod(standIn: Callback, method: Callback): Callback {
  Object.setPrototypeOf(standIn, method);
  return Object.defineProperty(standIn, 'name', { value: method.name });
}
