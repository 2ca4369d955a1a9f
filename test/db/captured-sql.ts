import { isSafeSyncError } from '@safesync/core';
import type { DbSession } from '@safesync/db';
import type { OpenSessions } from './open-sessions.js';
import { shapeOf } from './sql-shape.js';

type Connection = DbSession['internals']['connection'];
type Reply = Awaited<ReturnType<Connection['send']>>;

/** What the driver would have been given while `capture` lasts: nothing reaches the server. */
export interface CapturedSql {
  /** Texts since the last call of `take`. */
  take(): string[];
  release(): void;
}

/** In a transaction, or out of it after COMMIT and ROLLBACK: what a session wants to hear. */
function replyTo(text: string): Reply {
  if (/^\(?SELECT/.test(text)) return { rows: [{ result: 1 }], columns: [{ name: 'result' }] };
  const isEnd = /^(?:COMMIT|ROLLBACK)(?! AND CHAIN)/.test(text);
  return { affectedRows: 1, insertId: 1, serverStatus: isEnd ? 2 : 3, info: '', warningStatus: 0 };
}

/** Stands in for the server on every connection of the library; each statement finds or changes one row. */
export async function captureSql({ sessions }: OpenSessions): Promise<CapturedSql> {
  const prototype = await sessions.run(
    async ({ internals }) => Object.getPrototypeOf(internals.connection) as Pick<Connection, 'send'>,
  );
  let sent: string[] = [];
  const spy = jest.spyOn(prototype, 'send').mockImplementation(async (text) => {
    // the library asks which columns a table has; an empty answer lets all of them pass
    if (text.includes('information_schema.columns')) return { rows: [], columns: [] };
    sent.push(text);
    return replyTo(text);
  });
  return {
    take: () => {
      const texts = sent;
      sent = [];
      return texts;
    },
    release: () => spy.mockRestore(),
  };
}

/** The shapes of what `work` would have sent, or the code of the error that refused it before anything was. */
export async function outcomeOf(captured: CapturedSql, work: () => unknown): Promise<string | string[]> {
  captured.take();
  try {
    await work();
  } catch (error) {
    const sent = captured.take();
    if (!isSafeSyncError(error) || sent.length > 0) throw error;
    return error.code;
  }
  return captured.take().map(shapeOf);
}
