import { MariadbDialect } from './mariadb.dialect.js';
import { MysqlDialect } from './mysql.dialect.js';
import type { SqlDialect } from './sql-dialect.js';

/** The dialect of the server that calls itself `version` (`SELECT VERSION()`). */
export function detectDialect(version: string): SqlDialect {
  return /mariadb/i.test(version) ? new MariadbDialect() : new MysqlDialect();
}

/** True when `version` is at least the dialect's first supported one. */
export function isSupportedVersion(dialect: SqlDialect, version: string): boolean {
  const match = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(version);
  if (!match) return false;
  const [major, minor] = dialect.minimumVersion;
  return Number(match[1]) > major || (Number(match[1]) === major && Number(match[2]) >= minor);
}
