import type { TestingModule } from '@nestjs/testing';
import { OUTBOX_MIGRATIONS, SafeSyncOutboxModule, type SafeSyncOutboxModuleOptions } from '@safesync/outbox';
import { type BootOptions, HandlerWorld } from '../queue/handler-world.js';

/** A `HandlerWorld` whose database has the tables of the library. */
export async function openOutboxWorld(): Promise<HandlerWorld> {
  const world = await HandlerWorld.open();
  const { pool } = world.database;
  for (const Migration of OUTBOX_MIGRATIONS) {
    await new Migration().up({
      query: async (text) => {
        await pool.query(text);
      },
    });
  }
  return world;
}

/** Boots handlers with `SafeSyncOutboxModule`. */
export function bootWithOutbox(
  world: HandlerWorld,
  handlers: Parameters<HandlerWorld['boot']>[0],
  options: BootOptions & { readonly outbox?: SafeSyncOutboxModuleOptions } = {},
): Promise<TestingModule> {
  const imports = [...(options.imports ?? []), SafeSyncOutboxModule.forRoot(options.outbox ?? {})];
  return world.boot(handlers, { ...options, imports });
}
