import { Global, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { METRICS_RECORDER } from '@safesync/core';
import {
  AdvisoryLocks,
  DbSessions,
  getDbToken,
  IdempotentInserts,
  InjectDb,
  OptimisticUpdates,
  RowLocks,
  SafeSyncDbModule,
  UnsafeSettingsError,
} from '@safesync/db';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

@Injectable()
class Ledger {
  constructor(readonly sessions: DbSessions) {}
}

@Injectable()
class TwoLedgers {
  constructor(
    readonly sessions: DbSessions,
    @InjectDb(DbSessions, 'archive') readonly archive: DbSessions,
  ) {}
}

describe('SafeSyncDbModule', () => {
  let database: TestDatabase;
  let app: TestingModule | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  afterAll(async () => {
    await database.drop();
  });

  const typeOrm = (name?: string) =>
    TypeOrmModule.forRoot({ type: 'mysql', url: database.url, timezone: 'Z', poolSize: 3, ...(name ? { name } : {}) });

  async function boot(...imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) {
    app = await Test.createTestingModule({ imports, providers: [Ledger] }).compile();
    await app.init();
    return app;
  }

  const one = (sessions: DbSessions): Promise<unknown> => sessions.run((session) => session.executeScalar('SELECT 1'));

  it('works on the DataSource of TypeOrmModule, whatever the order of imports', async () => {
    expect(Number(await one((await boot(typeOrm(), SafeSyncDbModule.forRoot({}))).get(Ledger).sessions))).toBe(1);
    await app?.close();
    expect(Number(await one((await boot(SafeSyncDbModule.forRoot({}), typeOrm())).get(Ledger).sessions))).toBe(1);
  });

  it('works on a DataSource of TypeOrmModule by its name, also when asked for asynchronously', async () => {
    const named = { name: 'main', isGlobal: true };
    const async = SafeSyncDbModule.forRootAsync({ useFactory: async () => ({ dataSource: 'main' }) });
    const other = SafeSyncDbModule.forRootAsync({ name: 'async', useFactory: () => ({ dataSource: 'main' }) });
    const given = SafeSyncDbModule.forRoot({ ...named, dataSource: 'main' });
    const module = await boot(async, other, typeOrm('main'), given);
    expect(Number(await one(module.get(getDbToken(DbSessions, 'async'))))).toBe(1);
    expect(Number(await one(module.get(Ledger).sessions))).toBe(1);
    expect(Number(await one(module.get(getDbToken(DbSessions, 'main'))))).toBe(1);
  });

  it('works on a DataSource given as such, and leaves it open at shutdown', async () => {
    const dataSource = await new DataSource({ type: 'mysql', url: database.url, timezone: 'Z' }).initialize();
    expect(Number(await one((await boot(SafeSyncDbModule.forRoot({ dataSource }))).get(Ledger).sessions))).toBe(1);
    await app?.close();
    expect(dataSource.isInitialized).toBe(true);
    await dataSource.destroy();
  });

  it('injects a DataSource through forRootAsync', async () => {
    const dynamic = SafeSyncDbModule.forRootAsync({
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => ({ dataSource }),
    });
    expect(Number(await one((await boot(typeOrm(), dynamic)).get(Ledger).sessions))).toBe(1);
  });

  it('opens a connection of its own and closes it at shutdown', async () => {
    const module = await boot(SafeSyncDbModule.forRoot({ connection: { url: database.url, poolSize: 2 } }));
    const { sessions } = module.get(Ledger);
    expect(Number(await one(sessions))).toBe(1);
    const ids = await database.rows<{ n: unknown }>(
      'SELECT COUNT(*) n FROM information_schema.processlist WHERE db = ?',
      [database.name],
    );
    expect(Number(ids[0]?.n)).toBeGreaterThan(0);
    await app?.close();
    app = undefined;
    await expect(one(sessions)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('keeps several databases apart by name', async () => {
    const other = await createTestDatabase();
    try {
      @Module({
        imports: [
          SafeSyncDbModule.forRoot({ connection: { url: database.url, poolSize: 2 } }),
          SafeSyncDbModule.forRoot({ name: 'archive', connection: { url: other.url, poolSize: 2 } }),
        ],
        providers: [TwoLedgers],
      })
      class App {}
      const module = await boot(App);
      const ledgers = module.get(TwoLedgers);
      const current = (sessions: DbSessions) => sessions.run((session) => session.executeScalar('SELECT DATABASE()'));
      expect(await current(ledgers.sessions)).toBe(database.name);
      expect(await current(ledgers.archive)).toBe(other.name);
      await app?.close();
      app = undefined;
    } finally {
      await other.drop();
    }
  });

  it('injects the services beside the sessions, by class and by name', async () => {
    const connection = { url: database.url, poolSize: 1 };
    const module = await boot(
      SafeSyncDbModule.forRoot({ connection }),
      SafeSyncDbModule.forRoot({ name: 'second', connection }),
    );
    for (const service of [RowLocks, AdvisoryLocks, OptimisticUpdates, IdempotentInserts]) {
      expect(module.get(getDbToken<unknown>(service))).toBeInstanceOf(service);
      expect(module.get(getDbToken<unknown>(service, 'second'))).toBeInstanceOf(service);
    }
    expect(await module.get(AdvisoryLocks).run('boot', {}, async () => 'locked')).toBe('locked');
  });

  it("records into the application's metrics recorder when there is one", async () => {
    const added: string[] = [];
    const recorder = {
      add: (metric: { name: string }) => void added.push(metric.name),
      observe: () => undefined,
      set: () => undefined,
    };
    @Global()
    @Module({ providers: [{ provide: METRICS_RECORDER, useValue: recorder }], exports: [METRICS_RECORDER] })
    class Metrics {}
    const module = await boot(SafeSyncDbModule.forRoot({ connection: { url: database.url, poolSize: 1 } }), Metrics);
    await one(module.get(Ledger).sessions);
    expect(added).toContain('coti_safesync_db_sessions_total');
  });

  it('fails at boot naming every unsafe setting and its remedy', async () => {
    const unsafe = { multipleStatements: true, bigNumberStrings: false, extra: { decimalNumbers: true } };
    const dataSource = await new DataSource({ type: 'mysql', url: database.url, ...unsafe }).initialize();
    const error = await boot(SafeSyncDbModule.forRoot({ dataSource })).catch((thrown: unknown) => thrown);
    await dataSource.destroy();
    expect(error).toBeInstanceOf(UnsafeSettingsError);
    expect((error as UnsafeSettingsError).faults).toEqual([
      expect.stringContaining('multipleStatements'),
      expect.stringContaining('decimalNumbers'),
      expect.stringContaining('BIGINT'),
      expect.stringContaining('timezone'),
    ]);
  });

  it('fails at boot when no DataSource of that name is registered, or two sources are given', async () => {
    await expect(boot(SafeSyncDbModule.forRoot({ dataSource: 'nowhere' }))).rejects.toThrow(/"nowhere".*TypeOrmModule/);
    const both = { dataSource: 'x', connection: { url: database.url } };
    await expect(boot(SafeSyncDbModule.forRoot(both))).rejects.toThrow(/either dataSource or connection/);
  });

  it('fails at once on a wrong password, without waiting', async () => {
    const url = new URL(database.url);
    url.username = 'nobody';
    url.password = 'PASSWORD-CANARY';
    const error = await boot(SafeSyncDbModule.forRoot({ connection: { url: url.href } })).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'DB_ACCESS_DENIED' });
    expect(String((error as Error).stack) + JSON.stringify(error)).not.toContain('PASSWORD-CANARY');
  });
});
