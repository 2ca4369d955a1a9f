import type { DbSessions } from '@safesync/db';
import { missingEntries, type RegisteredStream } from '@safesync/queue';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import { makeWaitAgain, type SentRow, sentByOthers } from './published-rows.js';
import type { ServerMarks } from './server-marks.js';

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
    const { server } = await this.marks.of(stream.connection);
    let restored = 0;
    let after: SentRow | undefined;
    for (;;) {
      const rows = await this.read(stream.name, server, after);
      restored += await this.restoreSome(stream, rows);
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

  private async restoreSome({ connection, key }: RegisteredStream, rows: readonly SentRow[]): Promise<number> {
    const missing = new Set(
      await missingEntries(
        connection,
        key,
        rows.map(({ entryId }) => entryId),
      ),
    );
    const lost = rows.filter(({ entryId }) => missing.has(entryId));
    return lost.length === 0 ? 0 : this.sessions.run((session) => makeWaitAgain(session, lost));
  }
}
