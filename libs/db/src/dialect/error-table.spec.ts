import { statementOf } from '../sql/statement-parser.js';
import { detectDialect, isSupportedVersion } from './detect-dialect.js';
import { ERROR_TABLE, failureKind, isPlainMessage } from './error-table.js';
import { MariadbDialect } from './mariadb.dialect.js';
import { MysqlDialect } from './mysql.dialect.js';

describe('error table', () => {
  it.each([
    [1213, 'deadlock'],
    [1020, 'deadlock'],
    [1206, 'deadlock'],
    [1614, 'deadlock'],
    [3101, 'deadlock'],
    [1205, 'lockTimeout'],
    [3572, 'lockNotAvailable'],
    [1062, 'duplicateKey'],
    [1586, 'duplicateKey'],
    [1040, 'connection'],
    [1047, 'connection'],
    [1053, 'connection'],
    [1077, 'connection'],
    [1079, 'connection'],
    [1152, 'connection'],
    [1158, 'connection'],
    [1159, 'connection'],
    [1160, 'connection'],
    [1161, 'connection'],
    [1184, 'connection'],
    [1203, 'connection'],
    [1226, 'connection'],
    [1927, 'connection'],
    [2006, 'connection'],
    [2013, 'connection'],
    [3168, 'connection'],
    [3169, 'connection'],
    [4031, 'connection'],
    [1290, 'readOnly'],
    [1836, 'readOnly'],
    [1317, 'interrupted'],
    [1969, 'timeLimit'],
    [3024, 'timeLimit'],
    [1153, 'tooLarge'],
    [1044, 'misconfigured'],
    [1045, 'misconfigured'],
    [1049, 'misconfigured'],
    [1129, 'misconfigured'],
    [1130, 'misconfigured'],
    [1142, 'misconfigured'],
    [1143, 'misconfigured'],
    [1227, 'misconfigured'],
    [1698, 'misconfigured'],
    [1048, 'statement'],
    [1054, 'statement'],
    [1146, 'statement'],
    [1264, 'statement'],
    [1305, 'statement'],
    [1364, 'statement'],
    [1406, 'statement'],
    [1451, 'statement'],
    [1452, 'statement'],
    [1792, 'statement'],
    [3819, 'statement'],
    [4025, 'statement'],
    [1064, 'statement'],
    [99_999, 'statement'],
  ])('%i is %s', (errno, kind) => {
    expect(failureKind({ errno })).toBe(kind);
    expect(new MysqlDialect().classify({ errno })).toBe(kind);
    expect(new MariadbDialect().classify({ errno })).toBe(kind);
  });

  it.each([
    ['PROTOCOL_CONNECTION_LOST', 'connection'],
    ['PROTOCOL_SEQUENCE_TIMEOUT', 'connection'],
    ['ECONNRESET', 'connection'],
    ['ECONNREFUSED', 'connection'],
    ['EPIPE', 'connection'],
    ['ETIMEDOUT', 'connection'],
    ['ENOTFOUND', 'connection'],
    ['EHOSTUNREACH', 'connection'],
    ['ER_PARSE_ERROR', 'statement'],
    ['ENOENT', 'statement'],
  ])('%s is %s', (code, kind) => {
    // sockets carry a negative errno of the operating system
    expect(failureKind({ code, errno: code.startsWith('E') ? -104 : undefined })).toBe(kind);
  });

  it('takes any fatal error of the driver for a lost connection', () => {
    expect(failureKind({ fatal: true })).toBe('connection');
  });

  it('lists each number once', () => {
    expect(new Set(ERROR_TABLE.map(({ errno }) => errno)).size).toBe(ERROR_TABLE.length);
  });

  it('calls no message plain that can hold a value', () => {
    for (const errno of [undefined, 1062, 1064, 1292, 1366, 1644, 1690]) expect(isPlainMessage(errno)).toBe(false);
  });
});

describe('dialects', () => {
  it.each([
    ['8.0.36', 'mysql', true],
    ['9.7.4', 'mysql', true],
    ['5.7.44-log', 'mysql', false],
    ['10.11.19-MariaDB-0+deb12u1', 'mariadb', true],
    ['5.5.5-10.6.1-MariaDB', 'mariadb', true],
    ['10.5.20-MariaDB', 'mariadb', false],
    ['12.1.2-MariaDB', 'mariadb', true],
    ['unreadable', 'mysql', false],
  ])('%s is %s, supported: %p', (version, name, supported) => {
    const dialect = detectDialect(version);
    expect(dialect.name).toBe(name);
    expect(isSupportedVersion(dialect, version)).toBe(supported);
  });

  it('tells a lock that was not waited for from one waited for in vain, where the server does not', () => {
    const mariadb = new MariadbDialect();
    expect(mariadb.classify({ errno: 1205 }, statementOf('SELECT 1 FOR UPDATE NOWAIT'))).toBe('lockNotAvailable');
    expect(mariadb.classify({ errno: 1205 }, statementOf('SELECT 1 FOR UPDATE'))).toBe('lockTimeout');
    expect(new MysqlDialect().classify({ errno: 1205 }, statementOf('SELECT 1 FOR UPDATE NOWAIT'))).toBe('lockTimeout');
  });

  it.each([
    ["Duplicate entry 'x' for key 'PRIMARY'", 'PRIMARY'],
    ["Duplicate entry 'x' for key 't.uq_email'", 'uq_email'],
    ["Duplicate entry 'O'Brien' for key 'x' for key 't.uq'", 'uq'],
    ['Duplicate entry', undefined],
  ])('reads the key of %j', (message, key) => {
    expect(new MysqlDialect().duplicateKey(message)).toBe(key);
  });
});
