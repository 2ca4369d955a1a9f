import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DbError,
  type DbErrorDetails,
  DbWriteError,
  DeadlockError,
  DuplicateKeyError,
  LockNotAvailableError,
  LockTimeoutError,
  SchemaMissingError,
  ServerReadOnlyError,
  StatementFailedError,
  StatementTimeoutError,
  StatementTooLargeError,
} from '../db.errors.js';
import { type FailureKind, failureKind, isMissingTable, isPlainMessage } from '../dialect/error-table.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import type { Statement } from '../sql/statement.js';

/** The fields that errors of mysql2 and of TypeORM's wrapper have in common. */
interface RawDriverError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  readonly fatal?: unknown;
}

/** What remains of a driver's error: its code, number and state, and its text with every quoted value taken out. */
export class DriverError extends Error {
  override readonly name = 'DriverError';

  constructor(
    message: string,
    readonly code: string | undefined,
    readonly errno: number | undefined,
    readonly sqlState: string | undefined,
  ) {
    super(message);
  }
}

/**
 * The library's error for what a driver threw. Its own errors pass through. Neither the result nor its cause holds SQL text,
 * bound values or credentials.
 */
export function translate(error: unknown, dialect: SqlDialect, statement?: Statement): DbError {
  if (error instanceof DbError) return error;
  const raw = unwrap(error);
  const kind = dialect.classify(raw, statement);
  const key = kind === 'duplicateKey' ? dialect.duplicateKey(textOf(raw)) : undefined;
  return BUILD[kind](detailsOf(raw), { statement, key });
}

/** The error of an attempt to connect, when no dialect is known yet. */
export function translateConnectError(error: unknown): DbError {
  if (error instanceof DbError) return error;
  const raw = unwrap(error);
  const details = detailsOf(raw);
  return failureKind(raw) === 'misconfigured'
    ? BUILD.misconfigured(details, {})
    : new ConnectionLostError('No connection to the database could be made.', details);
}

/**
 * The error of a COMMIT that failed: the server's own verdict where it is one that says "rolled back", else "unknown".
 *
 * @param isChained the answer is also that of the begin of another transaction, whose failure says nothing about the commit
 */
export function translateCommitError(error: unknown, dialect: SqlDialect, isChained: boolean): DbError {
  const translated = translate(error, dialect);
  const isVerdict =
    translated instanceof DeadlockError ||
    // the begin may have waited in vain: for the writes of other nodes, for example
    (translated instanceof LockTimeoutError && !isChained) ||
    translated instanceof DuplicateKeyError ||
    translated instanceof ServerReadOnlyError;
  if (isVerdict) return translated;
  return new CommitOutcomeUnknownError({ errno: translated.errno, sqlState: translated.sqlState, cause: translated });
}

/**
 * True when running the same work in a new session may succeed and the failed one left nothing behind. Understands errors of
 * this library, of mysql2 and of TypeORM, also as the `cause` of others.
 */
export function isRetryable(error: unknown): boolean {
  const known = findKnown(error);
  if (known === undefined) return false;
  if (known.own !== undefined) return known.own.isRetryable;
  return known.kind === 'deadlock' || known.kind === 'lockTimeout';
}

/** The error itself, or what to do about it where it says that nobody has run the migration of `table`. */
export function orSchemaMissing(error: unknown, table: string): unknown {
  return error instanceof DbError && isMissingTable(error.errno) ? new SchemaMissingError(table, error) : error;
}

/** True for errors that say that the server cannot be reached, by any class or driver code; waiting may help. */
export function isConnectionError(error: unknown): boolean {
  const known = findKnown(error);
  if (known?.own !== undefined) return CONNECTION_CODES.has(known.own.code);
  return known?.kind === 'connection';
}

const CONNECTION_CODES: ReadonlySet<string> = new Set(['CONNECTION_LOST', 'SERVER_READ_ONLY', 'ACQUIRE_TIMEOUT']);
const MAX_CAUSES = 8;

interface OwnError {
  readonly code: string;
  readonly isRetryable: boolean;
}

/** The first error in the chain of causes that is ours, or that a driver numbered. */
function findKnown(error: unknown): { own?: OwnError; kind?: FailureKind } | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === 'object' && current !== null; depth += 1) {
    // by shape, not by class: two copies of this library may be installed
    if ('isRetryable' in current && 'code' in current) return { own: current as OwnError };
    const raw = unwrap(current);
    const kind = failureKind(raw);
    if (kind !== 'statement') return { kind };
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

/** TypeORM keeps the driver's error inside its own. */
function unwrap(error: unknown): RawDriverError {
  if (typeof error !== 'object' || error === null) return { message: 'an error that is not an object' };
  const inner = (error as { driverError?: unknown }).driverError;
  return typeof inner === 'object' && inner !== null ? inner : error;
}

function textOf({ message }: RawDriverError): string {
  return typeof message === 'string' ? message : '';
}

function detailsOf(raw: RawDriverError): DbErrorDetails {
  const code = typeof raw.code === 'string' ? raw.code : undefined;
  const errno = typeof raw.errno === 'number' ? raw.errno : undefined;
  const sqlState = typeof raw.sqlState === 'string' ? raw.sqlState : undefined;
  const message = redact(textOf(raw), errno, sqlState) || (code ?? 'no message');
  return { errno, sqlState, cause: new DriverError(message, code, errno, sqlState) };
}

const SIGNAL_ERRNOS: ReadonlySet<number> = new Set([1642, 1643, 1644]);
const NAMED_OBJECT = /( for (?:key|column) ['`][\w$.`]+['`](?: at row \d+)?)$/;

/**
 * A server's text without values. Values may hold quotes themselves, unescaped, so all from the first quote to the last goes,
 * but for the key or column that the text ends with.
 */
export function redact(message: string, errno: number | undefined, sqlState?: string): string {
  if (isOfSchema(errno, sqlState)) return "(text of the schema's own SIGNAL withheld)";
  if (isPlainMessage(errno)) return message;
  const tail = NAMED_OBJECT.exec(message)?.[1] ?? '';
  const body = message.slice(0, message.length - tail.length);
  const first = body.search(/['"]/);
  if (first === -1) return message;
  const last = Math.max(body.lastIndexOf("'"), body.lastIndexOf('"'));
  return `${body.slice(0, first)}'?'${body.slice(last + 1)}${tail}`;
}

/**
 * A SIGNAL: its state is the one kept for it, or its number is none that servers (1000 to 1999, 3000 to 4999), clients or, below 0,
 * sockets use.
 */
function isOfSchema(errno: number | undefined, sqlState: string | undefined): boolean {
  if (sqlState?.startsWith('45')) return true;
  if (errno === undefined) return false;
  return SIGNAL_ERRNOS.has(errno) || (errno >= 0 && errno < 1_000) || errno >= 5_000;
}

interface Context {
  readonly statement?: Statement | undefined;
  readonly key?: string | undefined;
}

const BUILD: Record<FailureKind, (details: DbErrorDetails, context: Context) => DbError> = {
  deadlock: (details) => new DeadlockError('The server rolled the transaction back (deadlock or conflict).', details),
  lockTimeout: (details) => new LockTimeoutError('Waiting for a row lock took too long.', details),
  lockNotAvailable: (details) => new LockNotAvailableError('A row is locked by another session.', details),
  duplicateKey: (details, { key }) => new DuplicateKeyError(key, details),
  connection: (details) => new ConnectionLostError(undefined, details),
  readOnly: (details) => new ServerReadOnlyError(details),
  interrupted: (details, context) => failed(context, 'was stopped from outside', details),
  timeLimit: (details, { statement }) => new StatementTimeoutError(statement?.verb, details),
  tooLarge: (details) => new StatementTooLargeError(details),
  misconfigured: (details) =>
    new StatementFailedError('The server denied access.', {
      ...details,
      code: 'DB_ACCESS_DENIED',
      remedy: "Check the account, its password, the database's name and the grants.",
    }),
  statement: (details, context) => failed(context, `failed: ${(details.cause as Error).message}`, details),
};

function failed({ statement }: Context, what: string, details: DbErrorDetails): DbError {
  const subject = statement === undefined ? 'The statement' : `The ${statement.verb}`;
  const text = `${subject} ${what}${what.endsWith('.') ? '' : '.'}`;
  return statement?.isWrite === true ? new DbWriteError(text, details) : new StatementFailedError(text, details);
}
