import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { book, faultApplication } from './fault-application.js';
import type { FaultWorld } from './fault-world.js';
import type { WorkerSettings } from './worker-settings.js';

/** Another consumer, in this process, which nothing happens to. */
export class Survivor {
  private constructor(
    private readonly app: INestApplicationContext,
    /** Numbers of the messages that it started the handler for. */
    readonly handled: readonly number[],
  ) {}

  /** Handles what the stream has, from now on. */
  static async boot(world: FaultWorld, stream: string, more: Partial<WorkerSettings> = {}): Promise<Survivor> {
    const handled: number[] = [];
    const application = faultApplication(world.settings(stream, more), (message, session) => {
      handled.push(message.payload.n);
      return book(message, session);
    });
    return new Survivor(await NestFactory.createApplicationContext(application, { logger: false }), handled);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
