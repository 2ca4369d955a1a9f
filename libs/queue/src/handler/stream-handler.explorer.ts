import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { HandlerRefusedError } from './handler.errors.js';
import { streamHandlerOptionsOf } from './stream-handler.decorator.js';
import { type ResolvedStreamHandlerOptions, resolveStreamHandlerOptions } from './stream-handler.options.js';

/** A method that carries `@StreamHandler`, fit to be called. */
export interface StreamHandlerDefinition {
  /** `Class.method`. */
  readonly where: string;
  readonly instance: object;
  readonly method: string;
  readonly options: ResolvedStreamHandlerOptions;
}

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Finds the handlers of the application: reads the prototypes of all providers and controllers, never the instances, so that
 * no getter runs. Throws for options that cannot work and for providers that have no single instance.
 */
export class StreamHandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  explore(): StreamHandlerDefinition[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.filter(({ isAlias }) => !isAlias).flatMap((wrapper) => this.handlersOf(wrapper));
  }

  private handlersOf(wrapper: InstanceWrapper): StreamHandlerDefinition[] {
    const prototype = prototypeOf(wrapper);
    if (!prototype) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      const options = streamHandlerOptionsOf(prototype, method);
      if (!options) return [];
      const where = `${prototype.constructor.name}.${method}`;
      requireOneInstance(wrapper, where);
      return [
        { where, instance: wrapper.instance as object, method, options: resolveStreamHandlerOptions(where, options) },
      ];
    });
  }
}

function prototypeOf(wrapper: InstanceWrapper): object | undefined {
  // a provider made by a factory or given as a value has no class of its own but its instance's
  const prototype: unknown = wrapper.isNotMetatype ? prototypeOfValue(wrapper.instance) : wrapper.metatype?.prototype;
  return typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype ? prototype : undefined;
}

function prototypeOfValue(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
}

function requireOneInstance(wrapper: InstanceWrapper, where: string): void {
  if (wrapper.isTransient) {
    throw new HandlerRefusedError(
      where,
      'is in a transient provider, of which there are many',
      'Make the provider a singleton.',
    );
  }
  if (!wrapper.isDependencyTreeStatic()) {
    const fact = 'is in a request-scoped provider (or depends on one), and a message is not a request';
    throw new HandlerRefusedError(where, fact, 'Make the provider and what it injects singletons.');
  }
}
