import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { DbSessions } from '@safesync/db';
import { DatabaseGate } from '../delivery/database-gate.js';
import type { ResolvedQueueOptions } from '../queue.options.js';
import type { Upkeep } from '../retention/upkeep.js';
import type { ConsumerFactory, PreparedHandler } from './consumer-factory.js';
import type { ConsumerStatus, DrainReport } from './consumer-status.js';
import type { GroupConsumer } from './group-consumer.js';

/** How long the boot waits for Redis before it goes on without; the consumers keep trying. */
const BOOT_WAIT_MS = 5_000;

/**
 * Starts a consumer for every `@StreamHandler` at the end of the boot and stops them in two steps at shutdown: nothing new is
 * fetched from `onModuleDestroy` on; what is in progress ends in `beforeApplicationShutdown`, while databases and Redis are
 * still connected.
 */
export class ConsumerRegistry implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('SafeSyncQueue');
  private handlers: Promise<readonly PreparedHandler[]> | undefined;
  private consumers: readonly GroupConsumer[] = [];
  private readonly upkeep: Upkeep;
  private readonly gates = new Map<DbSessions, DatabaseGate>();
  /** The application shuts down; a boot that is still under way must not start anything any more. */
  private isClosing = false;
  private stopping: Promise<readonly DrainReport[]> | undefined;

  constructor(
    private readonly factory: ConsumerFactory,
    private readonly options: ResolvedQueueOptions,
  ) {
    this.upkeep = factory.createUpkeep();
  }

  get isRunning(): boolean {
    return this.consumers.length > 0;
  }

  /** The consumers that run, for health checks. */
  get status(): readonly ConsumerStatus[] {
    return this.consumers.map((consumer) => consumer.status);
  }

  /**
   * Starts all handlers; does nothing when they run. Resolves when every group exists, or after 5 s without Redis: then the
   * handlers start by themselves as soon as it answers.
   */
  async start(): Promise<void> {
    await this.stopping;
    const handlers = await this.prepare();
    if (this.isRunning || this.isClosing) return;
    this.consumers = handlers.map((handler) => this.factory.create(handler, this.gateOf(handler)));
    this.upkeep.start(handlers.map(({ stream, definition }) => ({ stream, group: definition.options.group })));
    const bootWait = AbortSignal.timeout(BOOT_WAIT_MS);
    await Promise.all(this.consumers.map((consumer) => this.startOne(consumer, bootWait)));
  }

  /**
   * Stops all handlers and says what was left. Handlers in progress get `drainMs` (default: the module's option), then their
   * signals abort. They can be started again.
   */
  stop(drainMs: number = this.options.drainMs): Promise<readonly DrainReport[]> {
    this.stopping ??= this.stopAll(drainMs).finally(() => {
      this.stopping = undefined;
    });
    return this.stopping;
  }

  /** Tells the consumers of a group at once what Redis was just told; those of other processes look for themselves. */
  notePause(streamKey: string, group: string, isPaused: boolean): void {
    for (const consumer of this.consumers) if (consumer.isOf(streamKey, group)) consumer.pause.tell(isPaused);
  }

  /** Has the consumers of an ordered group look at once for keys to unblock; those of other processes look for themselves. */
  lookForRequests(streamKey: string, group: string): void {
    for (const consumer of this.consumers) if (consumer.isOf(streamKey, group)) consumer.lookForRequests();
  }

  /** Messages that wait behind the one that blocks `key`; undefined unless the active consumer is in this process. */
  waitingBehind(streamKey: string, group: string, key: string): number | undefined {
    return this.consumers.find((consumer) => consumer.isOf(streamKey, group))?.waitingBehind(key);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.prepare();
    if (this.options.autoStart) await this.start();
  }

  onModuleDestroy(): void {
    this.isClosing = true;
    for (const consumer of this.consumers) consumer.stopFetching();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  private async startOne(consumer: GroupConsumer, bootWait: AbortSignal): Promise<void> {
    const isReady = await consumer.start(bootWait);
    if (isReady) this.logger.log(`Handling ${consumer.description}.`);
    else this.logger.warn(`The boot goes on without ${consumer.description}: waiting for Redis.`);
  }

  private prepare(): Promise<readonly PreparedHandler[]> {
    this.handlers ??= this.factory.prepareAll();
    return this.handlers;
  }

  private async stopAll(drainMs: number): Promise<readonly DrainReport[]> {
    const ended = this.upkeep.stop();
    const reports = await Promise.all(this.consumers.map((consumer) => consumer.drain(drainMs)));
    await ended;
    this.consumers = [];
    for (const gate of this.gates.values()) gate.dispose();
    this.gates.clear();
    for (const report of reports) this.log(report);
    return reports;
  }

  private gateOf({ definition, sessions }: PreparedHandler): DatabaseGate {
    const known = this.gates.get(sessions);
    if (known) return known;
    const gate = new DatabaseGate(definition.options.db, () => sessions.ping(), this.logger);
    this.gates.set(sessions, gate);
    return gate;
  }

  private log({ handler, finished, givenBack, unacknowledged, stillRunning }: DrainReport): void {
    const line = `${handler} stopped: ${finished} finished, ${givenBack} given back, ${unacknowledged} unacknowledged, ${stillRunning} still running.`;
    if (unacknowledged + stillRunning > 0) this.logger.warn(line);
    else this.logger.log(line);
  }
}
