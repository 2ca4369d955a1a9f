export { auditEffects, type EffectEvidence, type EffectFindings } from './fault/audit/effect-audit.js';
export { countUnfinished, type GroupState, readGroupStates } from './fault/audit/group-state.js';
export { type Failpoint, type FailpointAction, type FailpointOptions, failpoint } from './fault/failpoint/failpoint.js';
export type { WireDriver, WireMoment } from './fault/failpoint/wire.js';
export { type HistoryEvent, HistoryRecorder, type HistoryType, readHistory } from './fault/history/history.js';
export { TcpProxy } from './fault/network/tcp-proxy.js';
export type { Trap } from './fault/network/trap.js';
export type { Direction } from './fault/network/weather.js';
export {
  type FaultScheduleOptions,
  faultSchedule,
  type ProcessFault,
  type ScheduledFault,
} from './fault/processes/fault-schedule.js';
export { type FaultCount, ProcessKiller, type ProcessKillerOptions } from './fault/processes/process-killer.js';
export { WorkerCrew } from './fault/processes/worker-crew.js';
export { SeededRandom } from './fault/seeded-random.js';
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
