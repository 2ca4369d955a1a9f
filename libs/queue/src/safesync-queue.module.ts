import { ConfigurableModuleBuilder, type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ExternalContextCreator, MetadataScanner, ModuleRef } from '@nestjs/core';
import { METRICS_RECORDER, type MetricsRecorder, noMetrics } from '@safesync/core';
import { ConsumerRegistry } from './consumer/consumer.registry.js';
import { ConsumerFactory } from './consumer/consumer-factory.js';
import { ConsumerGroups } from './consumer/consumer-groups.js';
import { OrderedKeys } from './consumer/order/ordered-keys.js';
import { DeadLetters } from './dead-letters/dead-letters.js';
import { StreamHandlerExplorer } from './handler/stream-handler.explorer.js';
import { StreamPublisher } from './publish/stream-publisher.js';
import { type QueueStreamOptions, resolveQueueOptions, type SafeSyncQueueModuleOptions } from './queue.options.js';
import { QUEUE_MODULE_OPTIONS, QUEUE_OPTIONS, QUEUE_STREAMS } from './queue.tokens.js';
import { DelayedStreams } from './registration/delayed-streams.js';
import { QueueConnections } from './registration/queue-connections.js';
import { QueueStreams } from './registration/queue-streams.js';
import { RegisteredPublisher } from './registration/registered-publisher.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<SafeSyncQueueModuleOptions>({
  moduleName: 'SafeSyncQueue',
  optionsInjectionToken: QUEUE_MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

const registrationProviders: Provider[] = [
  { provide: QUEUE_OPTIONS, inject: [QUEUE_MODULE_OPTIONS], useFactory: resolveQueueOptions },
  { provide: QueueConnections, inject: [QUEUE_OPTIONS], useFactory: (options) => new QueueConnections(options) },
  {
    provide: QueueStreams,
    inject: [DiscoveryService, QueueConnections, QUEUE_OPTIONS],
    useFactory: (discovery, connections, options) => new QueueStreams(discovery, connections, options),
  },
  { provide: DelayedStreams, inject: [QueueStreams], useFactory: (streams) => new DelayedStreams(streams) },
  {
    provide: StreamPublisher,
    inject: [QueueConnections, QueueStreams, DelayedStreams],
    useFactory: (connections: QueueConnections, streams: QueueStreams, delayed: DelayedStreams) =>
      new RegisteredPublisher(connections.first, streams, delayed),
  },
];

const consumerProviders: Provider[] = [
  {
    provide: StreamHandlerExplorer,
    inject: [DiscoveryService, MetadataScanner],
    useFactory: (discovery, scanner) => new StreamHandlerExplorer(discovery, scanner),
  },
  {
    provide: ConsumerFactory,
    inject: [
      StreamHandlerExplorer,
      QueueStreams,
      ModuleRef,
      ExternalContextCreator,
      { token: METRICS_RECORDER, optional: true },
    ],
    useFactory: (explorer, streams, moduleRef, contexts, metrics?: MetricsRecorder) =>
      new ConsumerFactory(explorer, streams, moduleRef, contexts, metrics ?? noMetrics),
  },
  {
    provide: ConsumerRegistry,
    inject: [ConsumerFactory, QUEUE_OPTIONS],
    useFactory: (factory, options) => new ConsumerRegistry(factory, options),
  },
  {
    provide: ConsumerGroups,
    inject: [QueueStreams, ConsumerRegistry],
    useFactory: (streams, registry) => new ConsumerGroups(streams, registry),
  },
];

const orderedKeysProvider: Provider = {
  provide: OrderedKeys,
  inject: [QueueStreams, ConsumerRegistry],
  useFactory: (streams: QueueStreams, registry: ConsumerRegistry) => new OrderedKeys(streams, registry),
};

const deadLetterProvider: Provider = {
  provide: DeadLetters,
  inject: [QueueStreams],
  useFactory: (streams: QueueStreams) => new DeadLetters(streams),
};

/** Carries the streams of one `forFeature`. */
@Module({})
class QueueFeatureModule {}

/**
 * Redis Streams for a Nest application: `StreamPublisher` for injection, and for every method with `@StreamHandler` a consumer
 * that runs it in one database transaction per message and acknowledges after the commit. Needs `SafeSyncDbModule`.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [...registrationProviders, ...consumerProviders, orderedKeysProvider, deadLetterProvider],
  exports: [
    StreamPublisher,
    ConsumerRegistry,
    ConsumerGroups,
    OrderedKeys,
    DeadLetters,
    QueueConnections,
    QueueStreams,
  ],
})
export class SafeSyncQueueModule extends ConfigurableModuleClass {
  /** Registers streams for handlers and publishers; may be imported in several modules. */
  static forFeature(streams: readonly QueueStreamOptions[]): DynamicModule {
    return { module: QueueFeatureModule, providers: [{ provide: QUEUE_STREAMS, useValue: streams }] };
  }
}
