import type { EntityManager, QueryRunner } from 'typeorm';
import { SessionClosedError, StatementRefusedError } from '../db.errors.js';
import { openRows } from './row-stream.js';
import { type Reply, toReply } from './server-reply.js';
import type { SessionTransaction } from './session-transaction.js';

type Query = (sql: string, parameters?: unknown[], structured?: boolean) => Promise<unknown>;

/**
 * TypeORM's manager on the session's own transaction. All that repositories and query builders send passes the session's
 * guard; `manager.transaction` is a savepoint of the session; the runner's own transaction methods are refused.
 */
export function guardedManager(runner: QueryRunner, transaction: SessionTransaction): EntityManager {
  const send = runner.query.bind(runner) as Query;
  const { manager } = runner;
  // TypeORM opens a transaction of its own around save() and remove() unless it sees one
  Object.assign(runner, {
    isTransactionActive: true,
    transactionDepth: 1,
    connect: guardConnect(runner, transaction),
    query: guardQuery(send, transaction),
    stream: guardStream(transaction),
    startTransaction: refuse('queryRunner.startTransaction'),
    commitTransaction: refuse('queryRunner.commitTransaction'),
    rollbackTransaction: refuse('queryRunner.rollbackTransaction'),
    release: refuse('queryRunner.release'),
  });
  Object.assign(manager, { transaction: nestedTransaction(manager, transaction) });
  return manager;
}

/** TypeORM asks for the connection before each of its statements; after the session it is somebody else's. */
function guardConnect(runner: QueryRunner, transaction: SessionTransaction): QueryRunner['connect'] {
  const connect = runner.connect.bind(runner);
  return async () => {
    if (!transaction.isOpen) throw new SessionClosedError('queryRunner.connect');
    return connect() as Promise<unknown>;
  };
}

function guardQuery(send: Query, transaction: SessionTransaction): Query {
  return async (sql, parameters, structured = false) => {
    let result: { raw: unknown } | undefined;
    const call = {
      method: 'manager.query',
      sql,
      send: async (): Promise<Reply> => {
        const sent = transaction.connection.track(() => send(sql, parameters, true));
        result = (await sent) as { raw: unknown };
        return toReply(result.raw);
      },
    };
    await transaction.perform(call, () => undefined);
    return structured ? result : result?.raw;
  };
}

/** A stream occupies the session until it ends; one left open ends with the callback. */
function guardStream(transaction: SessionTransaction): QueryRunner['stream'] {
  return async (sql, values, onEnd, onError) => {
    const { rows, ended } = openRows(transaction, { method: 'queryRunner.stream', sql, values });
    const stream = await rows;
    // the driver says so too where the rows have ended early
    stream.once('end', () => stream.readableEnded && (onEnd as (() => void) | undefined)?.());
    ended.catch((error: unknown) => (onError as ((error: unknown) => void) | undefined)?.(error));
    return stream as Awaited<ReturnType<QueryRunner['stream']>>;
  };
}

function nestedTransaction(manager: EntityManager, transaction: SessionTransaction): EntityManager['transaction'] {
  return async <T>(first: unknown, second?: unknown): Promise<T> => {
    const work = (typeof first === 'function' ? first : second) as (manager: EntityManager) => Promise<T>;
    if (typeof first === 'string') {
      throw new StatementRefusedError(
        'manager.transaction with an isolation level',
        'a nested transaction is a savepoint and has the level of its session',
        'Set isolation in the options of sessions.run().',
      );
    }
    return transaction.savepoints.run('manager.transaction', () => work(manager));
  };
}

function refuse(method: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new StatementRefusedError(
        method,
        'the session owns the connection and its transaction',
        'Nest with manager.transaction() or session.savepoint(); return or throw to end the session.',
      ),
    );
}
