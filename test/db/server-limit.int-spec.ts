import { StatementTimeoutError } from '@safesync/db';
import { type Servers, startServers } from '@safesync/testing';
import { type OpenSessions, openSessions } from './open-sessions.js';

const OWN_MS = 200;

describe('M24 a server that limits statements by itself', () => {
  let servers: Servers;
  let db: OpenSessions;

  beforeAll(async () => {
    // each server knows one of them
    const args = [`--loose-max-execution-time=${OWN_MS}`, `--loose-max-statement-time=${OWN_MS / 1_000}`];
    servers = await startServers({ mysql: { args }, redis: false, fresh: true, useEnvironment: false });
    db = await openSessions(new URL('/mysql', servers.mysqlUrl).href, { poolSize: 1 });
  }, 120_000);
  afterAll(async () => {
    await db?.close();
    await servers?.stop();
  });

  const limit = async (statementTimeoutMs?: number): Promise<number> => {
    const name = db.sessions.dialect.name === 'mariadb' ? 'max_statement_time * 1000' : 'max_execution_time';
    const options = statementTimeoutMs === undefined ? {} : { statementTimeoutMs };
    const read = `SELECT @@SESSION.${name} AS value`;
    const [row] = await db.sessions.connection((connection) => connection.fetchAll(read), options);
    return Number(row?.value);
  };

  it('keeps its own limit where that is shorter', async () => {
    expect(await limit()).toBe(OWN_MS);
    expect(await limit(0)).toBe(OWN_MS);
    const endless =
      'SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c';
    await db.sessions.run((session) => expect(session.fetchAll(endless)).rejects.toBeInstanceOf(StatementTimeoutError));
  });

  it('takes ours where that is', async () => {
    expect(await limit(50)).toBe(50);
  });
});
