import { ConfigurationError } from './configuration.error.js';

/** What a process of the ledger does. */
export type LedgerRole = 'api' | 'worker' | 'both';

/** Everything the ledger takes from its environment. */
export interface LedgerConfig {
  /** `MYSQL_URL`, database included. */
  readonly mysqlUrl: string;
  /** `REDIS_URL`. */
  readonly redisUrl: string;
  /** `LEDGER_ROLE`: `api` takes requests, `worker` handles messages, `both` (default) does both. */
  readonly role: LedgerRole;
  /** `LEDGER_PORT`: where HTTP listens, 0 for any free port. Default 3000. A worker serves `/metrics` and `/health` there. */
  readonly port: number;
  /** `LEDGER_POOL_SIZE`: database connections of this process. Default 12. */
  readonly poolSize: number;
  /** `LEDGER_PREFIX`: put before the names of streams, for several ledgers on one Redis. Default none. */
  readonly prefix: string;
}

const ROLES: readonly LedgerRole[] = ['api', 'worker', 'both'];

/** Reads and checks the environment; throws `ConfigurationError` that lists every fault with its remedy. */
export function readLedgerConfig(env: NodeJS.ProcessEnv = process.env): LedgerConfig {
  const faults: string[] = [];
  const config: LedgerConfig = {
    mysqlUrl: readUrl(env, 'MYSQL_URL', ['mysql:', 'mariadb:'], 'mysql://user:password@127.0.0.1:3306/ledger', faults),
    redisUrl: readUrl(env, 'REDIS_URL', ['redis:', 'rediss:'], 'redis://127.0.0.1:6379', faults),
    role: readRole(env, faults),
    port: readInteger(env, 'LEDGER_PORT', { byDefault: 3000, min: 0, max: 65_535 }, faults),
    poolSize: readInteger(env, 'LEDGER_POOL_SIZE', { byDefault: 12, min: 2, max: 1_000 }, faults),
    prefix: env.LEDGER_PREFIX ?? '',
  };
  if (faults.length > 0) throw new ConfigurationError(faults);
  return Object.freeze(config);
}

function readUrl(env: NodeJS.ProcessEnv, name: string, protocols: string[], example: string, faults: string[]): string {
  const value = env[name] ?? '';
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // the value stays out of the message: it may hold a password
  if (!value) faults.push(`${name} is not set. Set it, for example ${name}=${example}`);
  else if (!url || !protocols.includes(url.protocol)) faults.push(`${name} is not a URL like ${example}`);
  else if (name === 'MYSQL_URL' && url.pathname.length < 2)
    faults.push(`${name} names no database. Write it like ${example}`);
  return value;
}

function readRole(env: NodeJS.ProcessEnv, faults: string[]): LedgerRole {
  const value = env.LEDGER_ROLE ?? 'both';
  const role = ROLES.find((known) => known === value);
  if (!role) faults.push(`LEDGER_ROLE is "${value}". Use one of ${ROLES.join(', ')}`);
  return role ?? 'both';
}

interface IntegerRange {
  readonly byDefault: number;
  readonly min: number;
  readonly max: number;
}

function readInteger(
  env: NodeJS.ProcessEnv,
  name: string,
  { byDefault, min, max }: IntegerRange,
  faults: string[],
): number {
  const text = env[name] ?? String(byDefault);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) faults.push(`${name} is "${text}". Use a whole number from ${min} to ${max}`);
  return value;
}
