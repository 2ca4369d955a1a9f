import { InvalidParameterError } from '../db.errors.js';
import type { SqlParams } from './sql-value.js';
import { statementOf } from './statement-parser.js';

describe('statementOf', () => {
  it.each([
    ['select 1', 'SELECT'],
    ['  /* x */ -- y\n (SELECT 1)', 'SELECT'],
    ['((SELECT 1) UNION (SELECT 2))', 'SELECT'],
    ['WITH a AS (SELECT 1), b AS (UPDATE) SELECT * FROM a', 'SELECT'],
    ['with recursive a as (select 1) update t join a set t.x = 1', 'UPDATE'],
    ['WITH a AS (SELECT 1) DELETE FROM t USING t, a', 'DELETE'],
    ['', ''],
    ["'text'", ''],
  ])('reads the verb of %j', (sql, verb) => {
    expect(statementOf(sql).verb).toBe(verb);
  });

  it.each([
    ['INSERT INTO t VALUES (1)', 't', 'insert'],
    ['INSERT t VALUES (1)', 't', 'insert'],
    ['insert low_priority ignore into `my-t` values (1)', 'my-t', 'insert'],
    ['REPLACE INTO db.t VALUES (1)', 't', 'insert'],
    ['INSERT INTO `db` . `t` (a) SELECT 1', 't', 'insert'],
    ['/* c */ UPDATE t SET a = 1', 't', 'update'],
    ['UPDATE LOW_PRIORITY IGNORE t SET a = 1', 't', 'update'],
    ['UPDATE db.t AS x SET a = 1', 't', 'update'],
    ['WITH a AS (SELECT 1) UPDATE t, a SET t.x = 1', 't', 'update'],
  ])('names the table that %j writes', (sql, table, op) => {
    expect(statementOf(sql).write).toEqual({ table, op });
  });

  it.each(['SELECT 1', 'DELETE FROM t', 'SHOW TABLES'])('counts %j as no insert or update', (sql) => {
    expect(statementOf(sql).write).toBeUndefined();
  });

  it.each([
    ['BEGIN', /starts and ends its transaction itself/],
    ['start transaction', /itself/],
    ['COMMIT', /itself/],
    ['/* x */ ROLLBACK', /itself/],
    ['ROLLBACK TO SAVEPOINT a', /itself/],
    ['SAVEPOINT a', /itself/],
    ['RELEASE SAVEPOINT a', /itself/],
    ["XA START 'x'", /itself/],
    ['SET autocommit = 0', /change the connection/],
    ['SET SESSION sql_mode = ""', /change the connection/],
    ["SET time_zone = '+01:00'", /change the connection/],
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', /change the connection/],
    ['SET NAMES gbk', /change the connection/],
    ['SET @a = 1, autocommit = 0', /change the connection/],
    ['SET @a = 1, @@autocommit = 0', /change the connection/],
    ['SET @a = (1, 2), SESSION x = 1', /change the connection/],
    ['SET STATEMENT max_statement_time = 1 FOR COMMIT', /change the connection/],
    ['SET', /change the connection/],
    ['USE other', /change the connection/],
    ['CREATE TABLE t (a INT)', /commits implicitly/],
    ['CREATE TEMPORARY TABLE t (a INT)', /commits implicitly/],
    ['ALTER TABLE t ADD b INT', /commits implicitly/],
    ['DROP TABLE t', /commits implicitly/],
    ['RENAME TABLE t TO u', /commits implicitly/],
    ['TRUNCATE t', /commits implicitly/],
    ['LOCK TABLES t WRITE', /commits implicitly/],
    ['UNLOCK TABLES', /commits implicitly/],
    ['ANALYZE TABLE t', /commits implicitly/],
    ['OPTIMIZE TABLE t', /commits implicitly/],
    ["GRANT ALL ON *.* TO 'x'@'y'", /commits implicitly/],
    ['FLUSH TABLES', /commits implicitly/],
    ["LOAD DATA LOCAL INFILE 'x' INTO TABLE t", /commits implicitly/],
    ['HANDLER t OPEN', /commits implicitly/],
    ['CALL p()', /could not see it/],
    ["PREPARE s FROM 'COMMIT'", /could not see it/],
    ["EXECUTE IMMEDIATE 'COMMIT'", /could not see it/],
    ['/*! COMMIT */', /code on some servers/],
    ['SELECT 1 /*M!100000 + 1 */', /code on some servers/],
    ['SELECT 1; COMMIT', /more than one statement/],
    ['SELECT 1;;DELETE FROM t', /more than one statement/],
    ['', /not known/],
  ])('refuses %j', (sql, why) => {
    expect(statementOf(sql).refusal?.why).toMatch(why);
  });

  it.each([
    'SELECT 1;',
    'SELECT 1; -- done',
    "SELECT 'a; COMMIT'",
    '(SELECT 1)',
    'TABLE t',
    'VALUES ROW(1)',
    'SHOW WARNINGS',
    'EXPLAIN SELECT 1',
    'DO SLEEP(0)',
    'SET @a = 1, @b := (SELECT 1, 2)',
    'INSERT INTO t SET a = 1',
    'REPLACE INTO t VALUES (1)',
  ])('lets %j through', (sql) => {
    expect(statementOf(sql).refusal).toBeUndefined();
  });

  it.each([
    ['SELECT @a := 1', /user variable/],
    ['SET @a = 1', /user variable/],
    ['SELECT id INTO @a FROM t', /user variable/],
    ["SELECT GET_LOCK('a', 1)", /named lock/],
    ["DO release_lock ('a')", /named lock/],
    ["SELECT `GET_LOCK`('a', 1)", /named lock/],
    ['SELECT RELEASE_ALL_LOCKS()', /named lock/],
  ])('sees what %j leaves on the connection', (sql, taint) => {
    expect(statementOf(sql).taint).toMatch(taint);
  });

  it.each(['SELECT @@sql_mode', "SELECT 'GET_LOCK(1)'", 'SELECT get_lock FROM t', "SELECT 'a@b'", 'SELECT `@a`'])(
    'sees that %j leaves nothing',
    (sql) => {
      expect(statementOf(sql).taint).toBeUndefined();
    },
  );

  it.each([
    ['SELECT 1 FOR UPDATE NOWAIT', true],
    ['SELECT 1 FOR UPDATE WAIT 0', true],
    ['SELECT 1 FOR UPDATE WAIT 5', false],
    ['SELECT 1 LOCK IN SHARE MODE nowait', true],
    ["SELECT 'NOWAIT' FOR UPDATE", false],
    ['SELECT nowait FROM t FOR UPDATE', false],
    ['UPDATE nowait SET `NOWAIT` = 1', false],
  ])('sees whether %j waits', (sql, isNoWait) => {
    expect(statementOf(sql).isNoWait).toBe(isNoWait);
  });

  it.each([
    ['INSERT INTO t (a) VALUES (:a)', true],
    ['INSERT INTO t (`ignore`) SELECT duplicate FROM u', true],
    ['INSERT LOW_PRIORITY IGNORE INTO t VALUES (1)', false],
    ['insert into t values (1) on duplicate key update a = a', false],
    ['REPLACE INTO t VALUES (1)', false],
    ['UPDATE t SET a = 1', false],
  ])('sees whether %j is an INSERT that fails on a duplicate', (sql, isPlainInsert) => {
    expect(statementOf(sql).isPlainInsert).toBe(isPlainInsert);
  });

  it('reads a text once', () => {
    expect(statementOf('SELECT 41 + 1')).toBe(statementOf('SELECT 41 + 1'));
  });

  it('forgets the oldest of more than a thousand texts', () => {
    const first = statementOf('SELECT 0 /* first */');
    for (let index = 0; index < 1_000; index += 1) statementOf(`SELECT ${index} /* other */`);
    expect(statementOf('SELECT 0 /* first */')).not.toBe(first);
  });

  it.each(["SELECT 'a':x", 'SELECT a:x', "SELECT :x'a'", 'SELECT :x`a`', 'SELECT :x:y', 'SELECT _utf8mb4:x'])(
    'refuses a parameter that would melt into the text beside it: %j',
    (sql) => {
      expect(() => statementOf(sql)).toThrow(InvalidParameterError);
    },
  );

  it('refuses what is no text', () => {
    expect(() => statementOf(undefined as unknown as string)).toThrow(/must be a text/);
  });
});

describe('bind', () => {
  const bind = (sql: string, params?: unknown): string => statementOf(sql).bind(params as SqlParams);

  it('writes values where their names are, as often as they are', () => {
    expect(bind('SELECT :a, :b, :a', { a: 1, b: "it's" })).toBe("SELECT 1, 'it\\'s', 1");
  });

  it('reads no value as a placeholder', () => {
    expect(bind('SELECT :a, :b', { a: ':b ?', b: 2 })).toBe("SELECT ':b ?', 2");
  });

  it('needs every parameter, as a property of its own', () => {
    expect(() => bind('SELECT :a, :b', { a: 1 })).toThrow('Parameter "b" is missing');
    expect(() => bind('SELECT :a')).toThrow('Parameter "a" is missing');
    expect(() => bind('SELECT :constructor', {})).toThrow('Parameter "constructor" is missing');
    expect(() => bind('SELECT :toString', {})).toThrow('Parameter "toString" is missing');
    expect(() => bind('SELECT :a', Object.create({ a: 1 }))).toThrow('Parameter "a" is missing');
    expect(bind('SELECT :__proto__', JSON.parse('{"__proto__": 1}'))).toBe('SELECT 1');
  });

  it('refuses parameters that the statement does not have', () => {
    expect(() => bind('SELECT :a', { a: 1, b: 2 })).toThrow('Parameter "b" does not occur');
    expect(() => bind("SELECT ':a'", { a: 1 })).toThrow('Parameter "a" does not occur');
  });

  it('refuses parameters that are not one object', () => {
    expect(() => bind('SELECT :a', [1])).toThrow(/one object/);
    expect(() => bind('SELECT :a', null)).toThrow(/one object/);
    expect(() => bind('SELECT :a', 1)).toThrow(/one object/);
  });

  it('takes objects without a prototype', () => {
    expect(bind('SELECT :a', Object.assign(Object.create(null), { a: null }))).toBe('SELECT NULL');
  });
});
