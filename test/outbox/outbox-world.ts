import type { TestingModule } from '@nestjs/testing';
import { OUTBOX_MIGRATIONS, SafeSyncOutboxModule, type SafeSyncOutboxModuleOptions } from '@safesync/outbox';
import { type BootOptions, HandlerWorld } from '../queue/handler-world.js';
import type { TestDatabase } from '../support/mysql.js';

/** A `HandlerWorld` whose database has the tables of the library. */
export async function openOutboxWorld(): Promise<HandlerWorld> {
  const world = await HandlerWorld.open();
  await createOutboxTables(world.database);
  return world;
}

/** Hooks of a file's tests: a world for all of them, emptied before each, its applications closed after each. */
export function useOutboxWorld(use: (world: HandlerWorld) => void): void {
  let world: HandlerWorld | undefined;
  beforeAll(async () => {
    world = await openOutboxWorld();
    use(world);
  });
  beforeEach(async () => {
    await world?.reset();
    await world?.database.pool.query('DELETE FROM safesync_outbox');
    await world?.database.pool.query('DELETE FROM safesync_inbox');
  });
  afterEach(() => world?.closeApps());
  afterAll(() => world?.close());
}

/** The tables of the library. */
export async function createOutboxTables({ pool }: TestDatabase): Promise<void> {
  for (const Migration of OUTBOX_MIGRATIONS) {
    await new Migration().up({
      query: async (text) => {
        await pool.query(text);
      },
    });
  }
}

/** The numbers in the world's stream, in the order in which they arrived there. */
export async function publishedNumbers(world: HandlerWorld): Promise<number[]> {
  const entries = await world.redis.client.xrange(world.stream, '-', '+');
  return entries.map(([, fields]) => (JSON.parse(fields[1] as string) as { n: number }).n);
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
