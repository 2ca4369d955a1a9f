export { TcpProxy, type Trap } from './fault/tcp-proxy.js';
export {
  WorkerEndedError,
  type WorkerExit,
  WorkerProcess,
  type WorkerProcessOptions,
} from './processes/worker-process.js';
export type { ManagedServer } from './servers/managed-server.js';
export { RedisFailover } from './servers/redis/redis-failover.js';
export {
  DataFolderInUseError,
  PackageInstallError,
  type ServerSearch,
  ServerStartError,
  ServersNotFoundError,
  ServerUnreachableError,
} from './servers/servers.errors.js';
export { type Servers, type ServerWish, type StartServersOptions, startServers } from './servers/start-servers.js';
export { type Answer, type EventuallyOptions, eventually, NotInTimeError } from './waiting/eventually.js';
export { TestSignal } from './waiting/test-signal.js';
