import { createConnection } from 'mysql2/promise';
import { ADD_ONE, type Session, type SessionSetup } from '../session/session-contender.js';

/** A connection of its own for every lane with autocommit off: no pool, no BEGIN. Little can be cheaper with this driver. */
export async function open({ mysqlUrl, concurrency }: SessionSetup): Promise<Session> {
  const lanes = await Promise.all(Array.from({ length: concurrency }, () => createConnection(mysqlUrl)));
  await Promise.all(lanes.map((connection) => connection.query('SET autocommit = 0')));
  return async (account, lane) => {
    const connection = lanes[lane];
    if (!connection) throw new RangeError(`There is no lane ${lane}.`);
    await connection.query(ADD_ONE, [account]);
    await connection.query('COMMIT');
  };
}
