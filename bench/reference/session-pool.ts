import { createPool } from 'mysql2/promise';
import { ADD_ONE, type Session, type SessionSetup } from '../session/session-contender.js';

/** The transaction that a careful programmer writes by hand. */
export async function open({ mysqlUrl, concurrency }: SessionSetup): Promise<Session> {
  const pool = createPool({ uri: mysqlUrl, connectionLimit: concurrency });
  return async (account) => {
    const connection = await pool.getConnection();
    try {
      await connection.query('BEGIN');
      await connection.query(ADD_ONE, [account]);
      await connection.query('COMMIT');
    } catch (error) {
      await connection.query('ROLLBACK');
      throw error;
    } finally {
      connection.release();
    }
  };
}
