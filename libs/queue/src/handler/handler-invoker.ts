import type { ArgumentMetadata, ArgumentsHost, PipeTransform } from '@nestjs/common';
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
export interface Invocation {
  isStarted: boolean;
  isCompleted: boolean;
  result: unknown;
  error: unknown;
}

export function createHandlerInvoker(creator: ExternalContextCreator, handler: HandlerMethod): HandlerInvoker {
  const chain = createHandlerChain(creator, handler);
  return async (message, session, context) => {
    const invocation = newInvocation();
    const answer: unknown = await chain(message, session, context, invocation);
    const outcome = outcomeOf(answer) ?? outcomeOf(invocation.result);
    if (outcome && !(invocation.isCompleted && outcome.kind === 'acknowledge')) throw new RolledBackOutcome(outcome);
    if (invocation.isCompleted) return;
    // a filter swallowed it: the error itself says more than the fact
    throw invocation.error ?? new HandlerNotCompletedError(handler.where);
  };
}

export function newInvocation(): Invocation {
  return { isStarted: false, isCompleted: false, result: undefined, error: undefined };
}

export function outcomeOf(value: unknown): DeliveryOutcome | undefined {
  return isDeliveryOutcome(value) ? value : undefined;
}

/** Takes what the method takes first: a message, or the messages of a batch. */
type Chain = (
  input: Message | readonly Message[],
  session: DbSession,
  context: DeliveryContext,
  invocation: Invocation,
) => Promise<unknown>;
type Callback = (...args: unknown[]) => unknown;

/** Guards, interceptors and filters around: the pipes, then the method. */
export function createHandlerChain(creator: ExternalContextCreator, handler: HandlerMethod): Chain {
  const { instance, method, where, payloadClass } = handler;
  const target = (instance as Record<string, Callback>)[method] as Callback;
  let pipes: readonly PipeTransform[] = [];
  const body: Chain = async (input, session, context, invocation) => {
    if (invocation.isStarted) throw new HandlerRepeatedError(where);
    invocation.isStarted = true;
    try {
      if (pipes.length > 0) {
        for (const message of isList(input) ? input : [input]) {
          replacePayload(message, await applyPipes(pipes, message.payload, payloadClass));
        }
      }
      invocation.result = await target.call(instance, input, session, context);
      invocation.isCompleted = true;
      return invocation.result;
    } catch (error) {
      invocation.error = error;
      throw error;
    }
  };
  const overriding = withOwnEnds(creator, (found) => {
    pipes = found;
  });
  const options = { guards: true, interceptors: true, filters: true };
  const callback = likeMethod(body as Callback, target);
  return overriding.create(
    instance,
    callback,
    method,
    undefined,
    undefined,
    undefined,
    undefined,
    options,
    CONTEXT_TYPE,
  );
}

/** The parts of Nest's creator that it keeps to itself, the same on Nest 11 and 12. */
interface ErrorProxy {
  createProxy(
    target: Callback,
    handler: { next(error: unknown, host: ArgumentsHost): unknown },
    type: string,
  ): Callback;
}
type CustomFilters = (error: unknown, host: ArgumentsHost) => unknown;
interface ExceptionsHandler {
  readonly invokeCustomFilters?: CustomFilters;
  readonly invokeCustomFilter?: CustomFilters;
}

/**
 * The creator with two of its ends changed. Pipes are handed over instead of applied: Nest would take their metatype from the
 * method's first parameter, which is the message and not the payload. An error that no filter takes is passed on in silence:
 * Nest would log it whole, with whatever values a driver put into it.
 */
function withOwnEnds(
  creator: ExternalContextCreator,
  onPipes: (pipes: readonly PipeTransform[]) => void,
): ExternalContextCreator {
  const { externalErrorProxy: original } = creator as unknown as { readonly externalErrorProxy: ErrorProxy };
  const proxy: ErrorProxy = {
    createProxy: (target, handler, type) =>
      original.createProxy(
        target,
        { next: (error, host) => throughFilters(handler as ExceptionsHandler, error, host) },
        type,
      ),
  };
  const createPipesFn = (found: readonly PipeTransform[]): null => {
    onPipes(found);
    return null;
  };
  return Object.create(creator, { createPipesFn: { value: createPipesFn }, externalErrorProxy: { value: proxy } });
}

function throughFilters(handler: ExceptionsHandler, error: unknown, host: ArgumentsHost): unknown {
  // Nest 12 returns undefined when no filter took the error, Nest 11 null
  const answer = handler.invokeCustomFilters
    ? handler.invokeCustomFilters(error, host)
    : handler.invokeCustomFilter?.(error, host);
  if (answer === undefined || answer === null) throw error;
  return answer;
}

function isList(input: Message | readonly Message[]): input is readonly Message[] {
  return Array.isArray(input);
}

async function applyPipes(
  pipes: readonly PipeTransform[],
  payload: unknown,
  metatype?: PayloadClass,
): Promise<unknown> {
  // the kind of argument that ValidationPipe looks at without being told to
  const metadata: ArgumentMetadata = { type: 'body', metatype, data: undefined };
  let piped = payload;
  try {
    for (const pipe of pipes) piped = await pipe.transform(piped, metadata);
    return piped;
  } catch (error) {
    if (isSafeSyncError(error) || isConnectionError(error) || isRetryable(error)) throw error;
    throw new PayloadInvalidError([], error);
  }
}

/** Metadata that decorators left on the method is found on the stand-in too (by its prototype), and so is the name. */
function likeMethod(standIn: Callback, method: Callback): Callback {
  Object.setPrototypeOf(standIn, method);
  return Object.defineProperty(standIn, 'name', { value: method.name });
}
