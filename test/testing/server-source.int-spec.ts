import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { compiledProgram } from '../support/compiled-program.js';
import { mysqlUrl } from '../support/mysql.js';
import { redisUrl } from '../support/redis.js';

describe('where servers come from', () => {
  let folder: string;
  let servers: Servers | undefined;
  const executable = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  /** Only what is in `folder` can be found, and nothing is installed. */
  const bare = (): {
    env: NodeJS.ProcessEnv;
    folders: string[];
    install: boolean;
    dataDir: string;
    fresh: boolean;
  } => ({
    env: { PATH: folder },
    folders: [],
    install: false,
    dataDir: join(folder, 'data'),
    fresh: true,
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'safesync-source-'));
  });

  afterEach(async () => {
    await servers?.stop();
    servers = undefined;
    rmSync(folder, { recursive: true });
  });

  it('uses the servers that the environment names, starts none and leaves them alone', async () => {
    const env = { PATH: folder, MYSQL_URL: mysqlUrl(), REDIS_URL: redisUrl() };
    const given = await startServers({ ...bare(), env });
    expect(given).toMatchObject({ mysqlUrl: mysqlUrl(), redisUrl: redisUrl(), mysql: undefined, redis: undefined });
    expect(given.description).toMatch(/\(MYSQL_URL\).*\(REDIS_URL\)/);
    await given.stop();
    const again = await startServers({ ...bare(), env });
    expect(again.redisUrl).toBe(redisUrl());
  });

  it('says which named server does not answer, without its password', async () => {
    const env = { PATH: folder, MYSQL_URL: 'mysql://root:sesame@127.0.0.1:1/bank', REDIS_URL: redisUrl() };
    const refused = startServers({ ...bare(), env });
    await expect(refused).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('MYSQL_URL'),
    });
    await expect(refused).rejects.toThrow(/127\.0\.0\.1:1, which does not answer: .*ECONNREFUSED/);
    await expect(refused).rejects.not.toThrow(/sesame/);
  });

  it('believes a refusal of the named server at once', async () => {
    const wrong = new URL(mysqlUrl());
    wrong.username = 'nobody_we_know';
    wrong.password = 'sesame';
    const env = { PATH: folder, MYSQL_URL: wrong.href };
    const refused = startServers({ ...bare(), redis: false, env });
    await expect(refused).rejects.toThrow(
      /MYSQL_URL names .* does not answer: Access denied for user 'nobody_we_know'/,
    );
  });

  it('names everything that was tried and the choices when there is no server', async () => {
    executable('mysqld', 'echo "mysqld of a completely different kind"');
    executable('redis-server', 'echo "Redis server v=2.8.4 sha=0 malloc=jemalloc bits=64"');
    const failed = startServers(bare());
    await expect(failed).rejects.toMatchObject({ code: 'SERVERS_NOT_FOUND' });
    const message = await failed.catch((error: Error) => error.message);
    expect(message).toContain('MYSQL_URL is not set');
    expect(message).toContain(`${folder}/mysqld does not say that it is MySQL or MariaDB`);
    expect(message).toContain(`${folder}/redis-server is Redis 2.8.4, older than 6.2`);
    expect(message).toContain('no docker on the PATH');
    expect(message).toContain('not asked to install');
    expect(message).toMatch(/set MYSQL_URL.*apt-get install mariadb-server-core.*REDIS_URL.*docker/s);
  });

  it('uses docker compose when no server is installed: up, kill, up again, down with the data', async () => {
    // stands in for docker, which needs a daemon; the server behind it is real
    const program = compiledProgram('testing/programs/imitated-docker');
    const home = join(folder, 'docker-home');
    mkdirSync(home);
    executable('docker', `PATH=${process.env.PATH} exec ${process.execPath} ${program} ${home} "$@"`);
    symlinkSync('/bin/sh', join(folder, 'sh'));

    servers = await startServers({ ...bare(), mysql: false });
    const client = new Redis(servers.redisUrl, { protocol: 2, lazyConnect: true });
    client.on('error', () => undefined); // the server is killed below on purpose
    await client.set('kept', '7');
    await servers.redis?.kill();
    expect(servers.redis?.pid).toBeUndefined();
    await servers.redis?.start();
    expect(await client.get('kept')).toBe('7');
    client.disconnect();
    await servers.stop();

    const asked = readFileSync(join(home, 'journal'), 'utf8')
      .replaceAll(/compose --project-name \S+ --file /g, '')
      .split('\n');
    expect(asked).toEqual([
      'compose version',
      'info',
      'up --abort-on-container-exit --no-color',
      'kill redis',
      'up --abort-on-container-exit --no-color',
      'down --timeout 1 --volumes',
      '',
    ]);
  });
});
