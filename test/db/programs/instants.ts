import { Tables } from '@safesync/db';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { openSessions } from '../open-sessions.js';

/** What instants, in ms since 1970, became in this process and its time zone. */
export interface InstantsRead {
  /** Minutes from UTC at the first instant. */
  readonly offset: number;
  readonly text: readonly number[];
  readonly binary: readonly number[];
  /** As the database holds them. */
  readonly stored: readonly string[];
  /** The first two, by mysql2 with its own default, which is local time. */
  readonly plain: readonly number[];
}

const SELECT = 'SELECT at, CAST(at AS CHAR) AS kept FROM instants ORDER BY id';
const times = (rows: readonly object[]): number[] => rows.map((row) => (row as { at: Date }).at.getTime());

/** Writes and reads instants in a process of its own, since Node has one time zone for each. */
const [url = '', given = '[]'] = process.argv.slice(2);
const instants = (JSON.parse(given) as number[]).map((ms) => new Date(ms));
const db = await openSessions(url);
const table = new Tables(db.sessions).of<{ id: number; at: Date }>('instants');

await table.delete({ allRows: true });
await table.insertMany(instants.map((at, id) => ({ id, at })));
const rows = await db.sessions.run((session) => session.fetchAll<{ at: Date; kept: string }>(SELECT));
const binary = await db.sessions.connection(
  async ({ raw }) => (await raw.promise().execute<RowDataPacket[]>(SELECT))[0],
);
await table.delete({ allRows: true });

const plain = await createConnection(url);
for (const [id, at] of instants.slice(0, 2).entries())
  await plain.query('INSERT INTO instants VALUES (?, ?)', [id, at]);
const [read] = await plain.query<RowDataPacket[]>(SELECT);
await plain.end();
await db.close();

process.send?.({
  offset: instants[0]?.getTimezoneOffset() ?? 0,
  text: times(rows),
  binary: times(binary),
  stored: rows.map(({ kept }) => kept),
  plain: times(read),
} satisfies InstantsRead);
