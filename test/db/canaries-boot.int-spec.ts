import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { TcpProxy } from '@safesync/testing';
import { DataSource } from 'typeorm';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { shownOf, Witness } from './witness.js';

const CANARY = 'CANARY-4111-1111';

/** SE-1 (S11): a password that is wrong, or of a server that is away, is in no error and in no line. */
describe('a password at boot is shown nowhere', () => {
  let database: TestDatabase;
  let witness: Witness;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(() => {
    witness = new Witness().start();
  });
  afterEach(() => witness.stop());
  afterAll(() => database?.drop());

  const withPassword = (address: string): URL => {
    const url = new URL(address);
    url.username = 'nobody';
    url.password = CANARY;
    return url;
  };
  type Options = Parameters<typeof SafeSyncDbModule.forRoot>[0];
  const boot = async (options: Options) => {
    const imports = [SafeSyncMetricsModule.forRoot(), SafeSyncDbModule.forRoot(options)];
    const app = await Test.createTestingModule({ imports }).compile();
    return app.init();
  };
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const expectSilence = (error: unknown): void => {
    expect(error).toBeInstanceOf(Error);
    expect(shownOf(error)).not.toMatch(/CANARY|4111/);
    expect(witness.heard.join('\n')).not.toMatch(/CANARY|4111/);
  };

  it('when it is wrong, given in the address', async () => {
    const error = await failure(boot({ connection: { url: withPassword(database.url).href, poolSize: 1 } }));
    expectSilence(error);
    expect(error).toMatchObject({ code: 'DB_ACCESS_DENIED' });
  });

  it('when it is wrong, given by itself', async () => {
    const { hostname: host, port } = new URL(database.url);
    const connection = { host, port: Number(port), user: 'nobody', password: CANARY, database: database.name };
    const error = await failure(boot({ connection }));
    expectSilence(error);
    expect(error).toMatchObject({ code: 'DB_ACCESS_DENIED' });
  });

  it('when other options are refused beside it', async () => {
    expectSilence(await failure(boot({ connection: { url: withPassword(database.url).href, poolSize: 0 } })));
    const driver = { multipleStatements: true, user: 'root', password: '' };
    expectSilence(await failure(boot({ connection: { url: withPassword(database.url).href, poolSize: 1, driver } })));
  });

  it('while the server is away', async () => {
    const { hostname, port } = new URL(database.url);
    const placeholder = await TcpProxy.start({ host: hostname, port: Number(port) });
    const free = placeholder.port;
    const url = withPassword(placeholder.url(database.url)).href;
    await placeholder.stop();
    const said = jest.spyOn(Logger.prototype, 'warn').mockImplementation(witness.onHookError);
    const booting = failure(boot({ connection: { url, poolSize: 1 } }));
    await eventually(() => said.mock.calls.length >= 2, { what: 'two lines about waiting' });
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) }, free);
    expectSilence(await booting);
    expect(witness.heard.join('\n')).toContain('Waiting for the database');
    said.mockRestore();
    await proxy.stop();
  });

  it('control: a DataSource has it in what it shows of itself', () => {
    const dataSource = new DataSource({ type: 'mysql', url: withPassword(database.url).href });
    expect(shownOf(dataSource)).toContain(CANARY);
  });
});
