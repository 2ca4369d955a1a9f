import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DbWriteError,
  DeadlockError,
  SessionAbortedError,
  StatementFailedError,
} from '../db.errors.js';
import { MysqlDialect } from '../dialect/mysql.dialect.js';
import { statementOf } from '../sql/statement-parser.js';
import {
  DriverError,
  isConnectionError,
  isRetryable,
  redact,
  translate,
  translateCommitError,
} from './driver-error.js';

const dialect = new MysqlDialect();

function driverError(errno: number | undefined, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { errno, sql: "SELECT 'SECRET'", parameters: ['SECRET'], ...more });
}

describe('redact', () => {
  it.each([
    [1062, "Duplicate entry 'SECRET' for key 't.PRIMARY'", "Duplicate entry '?' for key 't.PRIMARY'"],
    [1062, "Duplicate entry 'O'SECRET' for key 'uq'", "Duplicate entry '?' for key 'uq'"],
    [
      1366,
      "Incorrect integer value: 'SECRET' for column 'a' at row 1",
      "Incorrect integer value: '?' for column 'a' at row 1",
    ],
    [
      1366,
      "Incorrect integer value: 'SECRET' for column `db`.`t`.`a` at row 1",
      "Incorrect integer value: '?' for column `db`.`t`.`a` at row 1",
    ],
    [1064, "You have an error near 'SECRET'' at line 1", "You have an error near '?' at line 1"],
    [1064, 'You have an error near "SECRET" at line 1', "You have an error near '?' at line 1"],
    [1146, "Table 'db.t' doesn't exist", "Table 'db.t' doesn't exist"],
    [5001, 'bad card SECRET', "(text of the schema's own SIGNAL withheld)"],
    [1644, 'balance of SECRET too low', "(text of the schema's own SIGNAL withheld)"],
    [undefined, 'connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
    [-111, 'connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('%p %j', (errno, message, expected) => {
    expect(redact(message, errno)).toBe(expected);
  });

  it("takes a text with the state of SIGNAL for the schema's own, whatever its number", () => {
    expect(redact('bad card SECRET', 1452, '45000')).not.toContain('SECRET');
  });
});

describe('translate', () => {
  it('keeps code, number, state and text without values, and nothing else of the driver error', () => {
    const raw = driverError(1366, "Incorrect integer value: 'SECRET' for column 'a' at row 1", {
      code: 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
      sqlState: 'HY000',
      sqlMessage: 'SECRET',
    });
    const error = translate(raw, dialect, statementOf('INSERT INTO t VALUES (1)'));
    expect(error).toBeInstanceOf(DbWriteError);
    expect(error).toMatchObject({ errno: 1366, sqlState: 'HY000', isRetryable: false });
    expect(error.message).toContain("for column 'a' at row 1");
    expect(error.cause).toBeInstanceOf(DriverError);
    const everything = JSON.stringify([
      error,
      Object.entries(error),
      error.cause,
      error.stack,
      (error.cause as Error).stack,
    ]);
    expect(everything).not.toContain('SECRET');
  });

  it("looks into TypeORM's error", () => {
    const wrapped = Object.assign(new Error('QueryFailedError SECRET'), {
      query: 'SECRET',
      driverError: driverError(1213, 'Deadlock found'),
    });
    expect(translate(wrapped, dialect)).toBeInstanceOf(DeadlockError);
    expect(translate(wrapped, dialect).message).not.toContain('SECRET');
  });

  it('takes the kind of statement into account', () => {
    expect(translate(driverError(1146, "Table 'a.b' doesn't exist"), dialect, statementOf('SELECT 1'))).toBeInstanceOf(
      StatementFailedError,
    );
  });

  it('makes an error of what is none', () => {
    expect(translate('nonsense', dialect)).toBeInstanceOf(StatementFailedError);
    expect(translate(undefined, dialect)).toBeInstanceOf(StatementFailedError);
  });
});

describe('translateCommitError', () => {
  it.each([1213, 3101, 1020, 1205, 1062, 1290])('%i says that nothing was committed', (errno) => {
    expect(translateCommitError(driverError(errno, 'x'), dialect, false)).not.toBeInstanceOf(CommitOutcomeUnknownError);
  });

  it.each([1053, 1317, 1180, 1927, 2013, 99_999])('%i says nothing about the commit', (errno) => {
    expect(translateCommitError(driverError(errno, 'x'), dialect, false)).toBeInstanceOf(CommitOutcomeUnknownError);
  });

  it('takes no lock timeout for a verdict when the answer is also that of the next begin', () => {
    const chained = (errno: number) => translateCommitError(driverError(errno, 'x'), dialect, true);
    expect(chained(1205)).toBeInstanceOf(CommitOutcomeUnknownError);
    expect(chained(1213)).not.toBeInstanceOf(CommitOutcomeUnknownError);
  });

  it('knows nothing after a lost connection', () => {
    expect(translateCommitError(new ConnectionLostError(), dialect, false)).toBeInstanceOf(CommitOutcomeUnknownError);
  });
});

describe('isRetryable and isConnectionError', () => {
  const deadlock = translate(driverError(1213, 'x'), dialect);
  const lost = new ConnectionLostError();
  const unknown = translateCommitError(lost, dialect, false);
  it.each<[string, unknown, boolean, boolean]>([
    ['a deadlock', deadlock, true, false],
    ['a deadlock that was swallowed', new SessionAbortedError('execute', deadlock), true, false],
    ['a deadlock as the cause of another error', new Error('transfer failed', { cause: deadlock }), true, false],
    ['a deadlock of another copy of this library', { code: 'DEADLOCK', isRetryable: true }, true, false],
    ["the driver's own deadlock", driverError(1213, 'x'), true, false],
    ["the driver's own deadlock in TypeORM's error", { driverError: driverError(1213, 'x') }, true, false],
    ["the driver's own duplicate", driverError(1062, 'x'), false, false],
    ['a lost connection', lost, true, true],
    [
      "the driver's own lost connection, perhaps at its commit",
      driverError(undefined, 'x', { code: 'ECONNRESET' }),
      false,
      true,
    ],
    ['an unknown commit', unknown, false, false],
    ['an unknown commit as cause', new Error('x', { cause: unknown }), false, false],
    ['an error of the application', new Error('x'), false, false],
    ['nothing', undefined, false, false],
  ])('%s', (_name, error, retryable, connection) => {
    expect(isRetryable(error)).toBe(retryable);
    expect(isConnectionError(error)).toBe(connection);
  });

  it('does not follow a circle of causes for ever', () => {
    const circle = new Error('a');
    circle.cause = circle;
    expect(isRetryable(circle)).toBe(false);
  });
});
