import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import { type RelayPlace, RelayRun } from './relay-run.js';

/**
 * The relay of one database in this process: runs from the end of the boot, claims nothing from `onModuleDestroy` on, and ends what is
 * in progress in `beforeApplicationShutdown`, while database and Redis are still connected.
 */
export class OutboxRelay implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private run: RelayRun | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly place: RelayPlace,
    private readonly options: ResolvedRelayOptions,
  ) {}

  /** Told by sessions after their commit: returns at once and never throws. */
  committed(stream: string, ids: readonly bigint[], delays: readonly number[]): void {
    if (this.stopping === undefined) this.run?.committed(stream, ids, delays);
  }

  /** Looks into the table now instead of after the pause. */
  lookSoon(): void {
    this.run?.lookSoon();
  }

  onApplicationBootstrap(): void {
    this.run = new RelayRun(this.place, this.options);
    this.run.start();
  }

  onModuleDestroy(): void {
    this.stopping ??= this.run?.stop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stopping;
  }
}
