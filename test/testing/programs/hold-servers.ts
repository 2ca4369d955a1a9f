import { startServers } from '@safesync/testing';

/** Starts private servers in the folder given and tells their processes; then ends as the second argument says. */
const [dataDir = '', ending = 'stay', fresh = 'fresh'] = process.argv.slice(2);
const servers = await startServers({ dataDir, fresh: fresh === 'fresh', useEnvironment: false });
process.send?.({ mysql: servers.mysql?.pid, redis: servers.redis?.pid, mysqlUrl: servers.mysqlUrl });
if (ending === 'throw') throw new Error('left without stopping the servers');
if (ending === 'stay') setInterval(() => undefined, 60_000);
