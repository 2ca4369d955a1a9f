import { UnsafeSettingsError } from '../db.errors.js';
import { isSupportedVersion } from '../dialect/detect-dialect.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';

/** The one row of `SqlDialect.factsQuery`. */
export interface ServerFacts {
  readonly version: string;
  readonly sqlMode: string;
  readonly autocommit: number | string;
  readonly completionType: string;
  readonly charset: string;
  readonly rollbackOnTimeout: number | string;
  readonly maxPacketBytes: number | string;
  readonly connectionId: number | string;
  /** See `SqlDialect.serverName`. */
  readonly server: string;
  /** The connection's default database; null when it has none. */
  readonly databaseName: string | null;
}

/** What this library reads of the driver's effective configuration. */
export interface DriverFacts {
  readonly multipleStatements?: boolean;
  readonly decimalNumbers?: boolean;
  readonly supportBigNumbers?: boolean;
  readonly bigNumberStrings?: boolean;
  readonly queryFormat?: unknown;
  readonly timezone?: string;
  readonly clientFlags?: number;
}

const CLIENT_MULTI_STATEMENTS = 0x10000;

/** `[is safe, fault with its remedy]` */
type Check = readonly [boolean, string];

/** Throws `UnsafeSettingsError` with everything that is wrong with driver and server at once. */
export function requireSafeSettings(driver: DriverFacts, server: ServerFacts, dialect: SqlDialect): void {
  throwFaults([...driverChecks(driver), ...serverChecks(server, dialect)]);
}

/** The server's part only: what may differ from one connection to the next. */
export function requireSafeServer(server: ServerFacts, dialect: SqlDialect): void {
  throwFaults(serverChecks(server, dialect));
}

function throwFaults(checks: readonly Check[]): void {
  const faults = checks.filter(([isSafe]) => !isSafe).map(([, fault]) => fault);
  if (faults.length > 0) throw new UnsafeSettingsError(faults);
}

function driverChecks(driver: DriverFacts): Check[] {
  const several = driver.multipleStatements === true || ((driver.clientFlags ?? 0) & CLIENT_MULTI_STATEMENTS) !== 0;
  const bigNumbers = driver.supportBigNumbers === true && driver.bigNumberStrings === true;
  return [
    [!several, 'multipleStatements is on, which turns an injection into any statement; set it to false'],
    [driver.decimalNumbers !== true, 'decimalNumbers is on, which rounds money; set it to false'],
    [bigNumbers, 'BIGINT would be rounded above 2^53; set supportBigNumbers and bigNumberStrings to true'],
    [
      driver.timezone === 'Z' || driver.timezone === '+00:00',
      "dates would be written in this machine's local time; set timezone to 'Z'",
    ],
    [driver.queryFormat === undefined, 'queryFormat rewrites every statement; remove it'],
  ];
}

function serverChecks(server: ServerFacts, dialect: SqlDialect): Check[] {
  const modes = new Set(server.sqlMode.toUpperCase().split(','));
  const [major, minor] = dialect.minimumVersion;
  return [
    [
      isSupportedVersion(dialect, server.version),
      `the server is ${dialect.name} ${server.version}; ${major}.${minor} or later is needed`,
    ],
    [
      modes.has('STRICT_TRANS_TABLES') || modes.has('STRICT_ALL_TABLES'),
      'sql_mode lacks STRICT_TRANS_TABLES, so values that do not fit would be cut silently; add it',
    ],
    [
      !modes.has('NO_BACKSLASH_ESCAPES'),
      'sql_mode has NO_BACKSLASH_ESCAPES, so escaped text could end a string; remove it',
    ],
    [!modes.has('ANSI_QUOTES'), 'sql_mode has ANSI_QUOTES, so "text" would be a column name; remove it'],
    [!modes.has('ORACLE'), 'sql_mode has ORACLE, which is another language; remove it'],
    [Number(server.autocommit) === 1, 'autocommit is off; set it to 1'],
    [
      isNoChain(server.completionType),
      'completion_type is not NO_CHAIN, so COMMIT would open a new transaction; set it to 0',
    ],
    [
      server.charset === 'utf8mb4',
      `the connection's charset is ${server.charset}, which loses text; set charset to utf8mb4`,
    ],
  ];
}

function isNoChain(completionType: string): boolean {
  return completionType === 'NO_CHAIN' || completionType === '0';
}
