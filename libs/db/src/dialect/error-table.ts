/** What an error means for the transaction it happened in. */
export type FailureKind =
  /** The server rolled the whole transaction back; a new one may succeed. */
  | 'deadlock'
  /** A lock was waited for in vain; only the statement was undone. */
  | 'lockTimeout'
  /** A lock was not free and the statement had said not to wait. */
  | 'lockNotAvailable'
  /** A unique key holds the value already. */
  | 'duplicateKey'
  /** The connection is gone or could not be made. */
  | 'connection'
  /** The server takes no writes: a replica, or a failover in progress. */
  | 'readOnly'
  /** The statement was stopped from outside: KILL QUERY. */
  | 'interrupted'
  /** The statement took longer than the server was told to let it. */
  | 'timeLimit'
  /** The statement is larger than the server takes; the server closes the connection after saying so. */
  | 'tooLarge'
  /** Account, database or privilege is wrong; waiting does not help. */
  | 'misconfigured'
  /** Anything else: the statement failed, the transaction goes on. */
  | 'statement';

interface ErrorRow {
  readonly errno: number;
  readonly symbol: string;
  readonly kind: FailureKind;
  /** The server's text for it holds identifiers and numbers of its own only, never values. */
  readonly plain?: true;
}

/**
 * Error numbers of MySQL 8 to 9 and MariaDB 10.6 to 12 that mean more than "the statement failed". The two families share the
 * numbers below 1900 and never use one number for two kinds, so one table serves both; what differs is in the dialects.
 */
export const ERROR_TABLE: readonly ErrorRow[] = [
  { errno: 1213, symbol: 'ER_LOCK_DEADLOCK', kind: 'deadlock', plain: true },
  { errno: 1020, symbol: 'ER_CHECKREAD', kind: 'deadlock' },
  { errno: 1206, symbol: 'ER_LOCK_TABLE_FULL', kind: 'deadlock', plain: true },
  { errno: 1614, symbol: 'ER_XA_RBDEADLOCK', kind: 'deadlock', plain: true },
  { errno: 3101, symbol: 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT', kind: 'deadlock', plain: true },
  { errno: 1205, symbol: 'ER_LOCK_WAIT_TIMEOUT', kind: 'lockTimeout', plain: true },
  { errno: 3572, symbol: 'ER_LOCK_NOWAIT', kind: 'lockNotAvailable', plain: true },
  { errno: 1062, symbol: 'ER_DUP_ENTRY', kind: 'duplicateKey' },
  { errno: 1586, symbol: 'ER_DUP_ENTRY_WITH_KEY_NAME', kind: 'duplicateKey' },
  { errno: 1040, symbol: 'ER_CON_COUNT_ERROR', kind: 'connection', plain: true },
  { errno: 1047, symbol: 'ER_UNKNOWN_COM_ERROR', kind: 'connection', plain: true },
  { errno: 1053, symbol: 'ER_SERVER_SHUTDOWN', kind: 'connection', plain: true },
  { errno: 1077, symbol: 'ER_NORMAL_SHUTDOWN', kind: 'connection' },
  { errno: 1079, symbol: 'ER_SHUTDOWN_COMPLETE', kind: 'connection' },
  { errno: 1152, symbol: 'ER_ABORTING_CONNECTION', kind: 'connection' },
  { errno: 1158, symbol: 'ER_NET_READ_ERROR', kind: 'connection', plain: true },
  { errno: 1159, symbol: 'ER_NET_READ_INTERRUPTED', kind: 'connection', plain: true },
  { errno: 1160, symbol: 'ER_NET_ERROR_ON_WRITE', kind: 'connection', plain: true },
  { errno: 1161, symbol: 'ER_NET_WRITE_INTERRUPTED', kind: 'connection', plain: true },
  { errno: 1184, symbol: 'ER_NEW_ABORTING_CONNECTION', kind: 'connection' },
  { errno: 1203, symbol: 'ER_TOO_MANY_USER_CONNECTIONS', kind: 'connection' },
  { errno: 1226, symbol: 'ER_USER_LIMIT_REACHED', kind: 'connection' },
  { errno: 1927, symbol: 'ER_CONNECTION_KILLED', kind: 'connection', plain: true },
  { errno: 2006, symbol: 'CR_SERVER_GONE_ERROR', kind: 'connection', plain: true },
  { errno: 2013, symbol: 'CR_SERVER_LOST', kind: 'connection', plain: true },
  { errno: 3168, symbol: 'ER_SERVER_ISNT_AVAILABLE', kind: 'connection', plain: true },
  { errno: 3169, symbol: 'ER_SESSION_WAS_KILLED', kind: 'connection', plain: true },
  { errno: 4031, symbol: 'ER_CLIENT_INTERACTION_TIMEOUT', kind: 'connection', plain: true },
  { errno: 1290, symbol: 'ER_OPTION_PREVENTS_STATEMENT', kind: 'readOnly' },
  { errno: 1836, symbol: 'ER_READ_ONLY_MODE', kind: 'readOnly', plain: true },
  { errno: 1317, symbol: 'ER_QUERY_INTERRUPTED', kind: 'interrupted', plain: true },
  { errno: 1969, symbol: 'ER_STATEMENT_TIMEOUT', kind: 'timeLimit', plain: true },
  { errno: 3024, symbol: 'ER_QUERY_TIMEOUT', kind: 'timeLimit', plain: true },
  { errno: 1153, symbol: 'ER_NET_PACKET_TOO_LARGE', kind: 'tooLarge', plain: true },
  { errno: 1044, symbol: 'ER_DBACCESS_DENIED_ERROR', kind: 'misconfigured' },
  { errno: 1045, symbol: 'ER_ACCESS_DENIED_ERROR', kind: 'misconfigured' },
  { errno: 1049, symbol: 'ER_BAD_DB_ERROR', kind: 'misconfigured', plain: true },
  { errno: 1129, symbol: 'ER_HOST_IS_BLOCKED', kind: 'misconfigured' },
  { errno: 1130, symbol: 'ER_HOST_NOT_PRIVILEGED', kind: 'misconfigured' },
  { errno: 1142, symbol: 'ER_TABLEACCESS_DENIED_ERROR', kind: 'misconfigured' },
  { errno: 1143, symbol: 'ER_COLUMNACCESS_DENIED_ERROR', kind: 'misconfigured' },
  { errno: 1227, symbol: 'ER_SPECIFIC_ACCESS_DENIED_ERROR', kind: 'misconfigured', plain: true },
  { errno: 1698, symbol: 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR', kind: 'misconfigured' },
  { errno: 1048, symbol: 'ER_BAD_NULL_ERROR', kind: 'statement', plain: true },
  { errno: 1054, symbol: 'ER_BAD_FIELD_ERROR', kind: 'statement', plain: true },
  { errno: 1146, symbol: 'ER_NO_SUCH_TABLE', kind: 'statement', plain: true },
  { errno: 1264, symbol: 'ER_WARN_DATA_OUT_OF_RANGE', kind: 'statement', plain: true },
  { errno: 1305, symbol: 'ER_SP_DOES_NOT_EXIST', kind: 'statement', plain: true },
  { errno: 1364, symbol: 'ER_NO_DEFAULT_FOR_FIELD', kind: 'statement', plain: true },
  { errno: 1406, symbol: 'ER_DATA_TOO_LONG', kind: 'statement', plain: true },
  { errno: 1451, symbol: 'ER_ROW_IS_REFERENCED_2', kind: 'statement', plain: true },
  { errno: 1452, symbol: 'ER_NO_REFERENCED_ROW_2', kind: 'statement', plain: true },
  { errno: 1792, symbol: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', kind: 'statement', plain: true },
  { errno: 3819, symbol: 'ER_CHECK_CONSTRAINT_VIOLATED', kind: 'statement', plain: true },
  { errno: 4025, symbol: 'ER_CONSTRAINT_FAILED', kind: 'statement', plain: true },
];

/** Codes of Node's sockets and of the driver itself: no answer came from a server. */
const CLIENT_CODES: ReadonlySet<string> = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_UNEXPECTED_PACKET',
  'PROTOCOL_ERROR',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'HANDSHAKE_SSL_ERROR',
]);

const BY_ERRNO: ReadonlyMap<number, ErrorRow> = new Map(ERROR_TABLE.map((row) => [row.errno, row]));

/** The kind that the number and code stand for on every supported server. */
export function failureKind(error: { errno?: unknown; code?: unknown; fatal?: unknown }): FailureKind {
  const row = typeof error.errno === 'number' ? BY_ERRNO.get(error.errno) : undefined;
  if (row) return row.kind;
  if (typeof error.code === 'string' && CLIENT_CODES.has(error.code)) return 'connection';
  return error.fatal === true ? 'connection' : 'statement';
}

/** True when the server's text for this number is free of values. */
export function isPlainMessage(errno: number | undefined): boolean {
  return errno !== undefined && BY_ERRNO.get(errno)?.plain === true;
}

const ER_NO_SUCH_TABLE = 1146;

/** True for the error of a statement whose table does not exist. */
export function isMissingTable(errno: number | undefined): boolean {
  return errno === ER_NO_SUCH_TABLE;
}
