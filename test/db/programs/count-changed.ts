import { openSessions } from '../open-sessions.js';

/** Sends what the driver and a session count of an UPDATE that changes nothing, seen from a process of its own. */
const [url = ''] = process.argv.slice(2);
const db = await openSessions(url);
const sql = 'UPDATE items SET n = n';
const [driver] = await db.sessions.connection(({ raw }) => raw.promise().query(sql));
const session = await db.sessions.run((given) => given.execute(sql));
await db.close();
process.send?.({ driver: (driver as { affectedRows?: number }).affectedRows, session });
