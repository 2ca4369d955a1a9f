import { ConfigurableModuleBuilder, type DynamicModule, Logger, Module, type Provider } from '@nestjs/common';
import { METRICS_RECORDER, type MetricsRecorder, noMetrics } from '@safesync/core';
import { DbSessions, getDbToken } from '@safesync/db';
import { getInboxToken, QueueStreams } from '@safesync/queue';
import { createInbox } from './inbox/create-inbox.js';
import { Outbox } from './outbox/outbox.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import { OUTBOX_METRICS } from './outbox.metrics.js';
import {
  type ResolvedOutboxOptions,
  resolveOutboxOptions,
  type SafeSyncOutboxModuleExtras,
  type SafeSyncOutboxModuleOptions,
} from './outbox.options.js';
import { OUTBOX_METRICS_RECORDER, OUTBOX_MODULE_OPTIONS, OUTBOX_OPTIONS } from './outbox.tokens.js';

const DEFAULT_DB = 'default';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<SafeSyncOutboxModuleOptions>({
  moduleName: 'SafeSyncOutbox',
  optionsInjectionToken: OUTBOX_MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras<SafeSyncOutboxModuleExtras>({ isGlobal: true }, (definition, { name = DEFAULT_DB, isGlobal }) => ({
    ...definition,
    global: isGlobal ?? true,
    providers: [...(definition.providers ?? []), ...commonProviders, ...inboxProviders(name), ...outboxProviders(name)],
    exports: [getInboxToken(name), getDbToken(Outbox, name)],
  }))
  .build();

const commonProviders: Provider[] = [
  { provide: OUTBOX_OPTIONS, inject: [OUTBOX_MODULE_OPTIONS], useFactory: resolveOutboxOptions },
  {
    provide: OUTBOX_METRICS_RECORDER,
    inject: [{ token: METRICS_RECORDER, optional: true }],
    useFactory: (metrics: MetricsRecorder = noMetrics): MetricsRecorder => {
      metrics.declare?.(OUTBOX_METRICS);
      return metrics;
    },
  },
];

function inboxProviders(name: string): Provider[] {
  return [
    {
      provide: getInboxToken(name),
      inject: [getDbToken(DbSessions, name), OUTBOX_OPTIONS, OUTBOX_METRICS_RECORDER],
      useFactory: (sessions: DbSessions, { inbox }: ResolvedOutboxOptions, metrics: MetricsRecorder) =>
        createInbox(sessions, inbox, metrics, new Logger('SafeSyncOutbox')),
    },
  ];
}

/** Nothing where this process only writes. */
const OUTBOX_RELAY = Symbol.for('@safesync/outbox/relay');

function outboxProviders(name: string): Provider[] {
  const sessions = getDbToken(DbSessions, name);
  return [
    {
      provide: OUTBOX_RELAY,
      inject: [sessions, QueueStreams, OUTBOX_OPTIONS, OUTBOX_METRICS_RECORDER],
      useFactory: (
        given: DbSessions,
        streams: QueueStreams,
        { relay }: ResolvedOutboxOptions,
        metrics: MetricsRecorder,
      ) =>
        relay &&
        new OutboxRelay({ sessions: given, db: name, streams, metrics, logger: new Logger('SafeSyncOutbox') }, relay),
    },
    {
      provide: getDbToken(Outbox, name),
      inject: [sessions, QueueStreams, OUTBOX_RELAY],
      useFactory: (given: DbSessions, streams: QueueStreams, relay: OutboxRelay | undefined) =>
        new Outbox(given, streams, relay),
    },
  ];
}

/**
 * `Outbox`, which publishes from inside a transaction, with the relay that brings its messages to Redis; and the inbox that makes
 * `@StreamHandler({ exactlyOnce: true })` true. On the database of `SafeSyncDbModule`; several databases by `name`. Needs
 * `SafeSyncQueueModule` and the tables of `OUTBOX_MIGRATIONS`.
 */
@Module({})
export class SafeSyncOutboxModule extends ConfigurableModuleClass {
  static override forRoot(options: SafeSyncOutboxModuleOptions & SafeSyncOutboxModuleExtras = {}): DynamicModule {
    return { ...ConfigurableModuleClass.forRoot(options), module: SafeSyncOutboxModule };
  }
}
