import type { DbSessions } from '@safesync/db';
import { missingEntries, type RegisteredStream } from '@safesync/queue';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import { makeWaitAgain, notePresent, type SentRow, sentByOthers } from './published-rows.js';
import type { ServerMark, ServerMarks } from './server-marks.js';

/** Ids of one script: it holds Redis up for as long as it runs. */
const CHUNK = 256;

/**
 * Finds entries that Redis confirmed and does not have any more: after a failover to a replica that lagged, or a restart from
 * an older state. What the same server confirmed and does not have was trimmed or deleted, and stays so.
 */
export class ForgottenEntries {
  constructor(
    private readonly sessions: DbSessions,
    private readonly options: ResolvedRelayOptions,
    private readonly marks: ServerMarks,
  ) {}

  /** Has them published again; how many there were. */
  async restore(stream: RegisteredStream, signal: AbortSignal): Promise<number> {
    const mark = await this.marks.of(stream.connection);
    let restored = 0;
    let after: SentRow | undefined;
    for (;;) {
      const rows = await this.read(stream.name, mark.server, after);
      if (rows.length > 0) restored += await this.restoreSome(stream, rows, mark);
      after = rows.at(-1);
      if (rows.length < CHUNK || signal.aborted) return restored;
    }
  }

  private read(stream: string, server: Buffer | null, after: SentRow | undefined): Promise<SentRow[]> {
    const { verifyWindowMs: windowMs } = this.options;
    return this.sessions.run((session) => sentByOthers(session, stream, { windowMs, server, after, limit: CHUNK }), {
      bigints: true,
      readOnly: true,
    });
  }

  private async restoreSome(
    { connection, key }: RegisteredStream,
    rows: readonly SentRow[],
    mark: ServerMark,
  ): Promise<number> {
    const entryIds = rows.map(({ entryId }) => entryId);
    const missing = new Set(await missingEntries(connection, key, entryIds));
    const lost = rows.filter(({ entryId }) => missing.has(entryId));
    const present = rows.filter(({ entryId }) => !missing.has(entryId));
    const server = this.marks.unlessReplaced(connection, mark);
    return this.sessions.run(async (session) => {
      if (present.length > 0 && server !== null) await notePresent(session, present, server);
      return makeWaitAgain(session, lost);
    });
  }
}
