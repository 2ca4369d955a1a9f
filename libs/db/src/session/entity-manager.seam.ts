import type { EntityManager, QueryRunner } from 'typeorm';
import { StatementRefusedError } from '../db.errors.js';
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
    query: guardQuery(send, transaction),
    stream: guardStream(runner, transaction),
    startTransaction: refuse('queryRunner.startTransaction'),
    commitTransaction: refuse('queryRunner.commitTransaction'),
    rollbackTransaction: refuse('queryRunner.rollbackTransaction'),
    release: refuse('queryRunner.release'),
  });
  Object.assign(manager, { transaction: nestedTransaction(manager, transaction) });
  return manager;
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
        return toReply(result.raw, undefined);
      },
    };
    await transaction.perform(call, () => undefined);
    return structured ? result : result?.raw;
  };
}

/** A stream occupies the session until it ends: the next statement waits for it. One left open ends with the callback. */
function guardStream(runner: QueryRunner, transaction: SessionTransaction): QueryRunner['stream'] {
  const open = runner.stream.bind(runner);
  return (sql, parameters, onEnd, onError) =>
    new Promise((resolve, reject) => {
      let given: Awaited<ReturnType<typeof open>> | undefined;
      const untilRead = async (): Promise<Reply> => {
        const stream = await open(sql, parameters, onEnd, onError);
        const closed = new Promise<void>((done, fail) => {
          stream.once('close', done);
          stream.once('error', fail);
        });
        given = stream;
        resolve(stream);
        await closed;
        return { rows: [], firstColumn: undefined };
      };
      const send = (): Promise<Reply> => transaction.connection.trackStream(untilRead);
      // an error before the stream exists rejects; one after it is the stream's own 'error' event
      transaction
        .perform({ method: 'queryRunner.stream', sql, send }, () => undefined)
        .catch((error: unknown) => {
          reject(error);
          // the connection ended under its reader, who would wait for ever
          given?.destroy(error as Error);
        });
    });
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
