// Jest does not apply its module names here: '@safesync/testing' is the compiled library.
import { type Servers, startServers } from '@safesync/testing';

declare global {
  var safesyncTestServers: Servers | undefined;
}

/** Starts private servers where the environment names none, and tells the test files where they are. */
export default async function globalSetup(): Promise<void> {
  const servers = await startServers({
    // safe from every kill in the suite, and no wait for the disk at each of its many thousand commits
    mysql: { args: ['--innodb-flush-log-at-trx-commit=2'] },
    onProgress: (line) => process.stderr.write(`servers: ${line}\n`),
  });
  process.env.MYSQL_URL = servers.mysqlUrl;
  process.env.REDIS_URL = servers.redisUrl;
  globalThis.safesyncTestServers = servers;
}
