import {
  type BackgroundLogger,
  BackgroundLoop,
  type BackoffOptions,
  ConditionLog,
  type MetricsRecorder,
  sleep,
} from '@safesync/core';
import { type DbSessions, orSchemaMissing } from '@safesync/db';
import type { QueueStreams, RedisConnection } from '@safesync/queue';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import { TablePurge } from '../purge/table-purge.js';
import { BacklogGauges } from './backlog-gauges.js';
import { ForgottenEntries } from './forgotten-entries.js';
import { LaneTurn } from './lane-turn.js';
import { TABLE } from './outbox-table.js';
import { deleteOld } from './published-rows.js';
import { RelayBatch } from './relay-batch.js';
import { RelayLane } from './relay-lane.js';
import { RelaySchedule } from './relay-schedule.js';
import { ServerMarks } from './server-marks.js';
import { nextDue } from './waiting-rows.js';

/** Where a relay works, and whom it tells. */
export interface RelayPlace {
  readonly sessions: DbSessions;
  /** Its name, for metrics. */
  readonly db: string;
  readonly streams: QueueStreams;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
}

const BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };
const GAUGES_EVERY_MS = 5_000;

/** Sets the lanes of a process going: what they do is in `lane-turn.ts`, what a batch is in `relay-batch.ts`. */
export class RelayRun {
  private readonly lanes: ReadonlyMap<string, RelayLane>;
  private readonly schedule: RelaySchedule;
  private readonly turn: LaneTurn;
  private readonly gauges: BacklogGauges;
  private readonly loops: readonly BackgroundLoop[];
  private readonly purge: TablePurge;
  private readonly opening = new Set<RedisConnection>();
  private strangers = '';

  constructor(
    private readonly place: RelayPlace,
    private readonly options: ResolvedRelayOptions,
  ) {
    const { sessions, db, streams, metrics, logger } = place;
    this.lanes = new Map([...streams.all].map(([name, stream]) => [name, new RelayLane(stream)]));
    this.schedule = new RelaySchedule([...this.lanes.values()]);
    const marks = new ServerMarks();
    const forgotten = new ForgottenEntries(sessions, options, marks);
    this.turn = new LaneTurn(new RelayBatch(sessions, options, marks), forgotten, options, metrics, logger);
    this.gauges = new BacklogGauges(sessions, db, metrics, [...this.lanes.keys()]);
    const publishing = new ConditionLog(logger, 'Publishing messages of the outbox');
    this.loops = [
      loopOf(new ConditionLog(logger, 'Looking for messages of the outbox'), (signal) => this.poll(signal)),
      loopOf(new ConditionLog(logger, 'Counting messages of the outbox'), (signal) => this.count(signal)),
      ...Array.from({ length: options.concurrency }, () => loopOf(publishing, (signal) => this.publish(signal))),
    ];
    this.purge = new TablePurge({
      sessions,
      table: TABLE,
      deleteSome: (session, rows) => deleteOld(session, options.keepPublishedMs, rows),
      everyMs: options.purgeEveryMs,
      metrics,
      logger,
    });
  }

  start(): void {
    for (const loop of this.loops) loop.start();
    this.purge.start();
  }

  /** Claims nothing from now on; resolves when the batches in progress have ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.loops.map((loop) => loop.stop()), this.purge.stop()]);
    this.gauges.forget();
  }

  /** Rows of a stream that were just committed, and the delays, in ms, of those that are not due yet. */
  committed(stream: string, ids: readonly bigint[], delays: readonly number[]): void {
    const lane = this.lanes.get(stream);
    if (lane === undefined) return;
    lane.addCommitted(ids);
    if (delays.length > 0) lane.dueIn(Math.min(...delays));
    this.schedule.notify();
  }

  /** As if every stream had something due, and Redis had refused nothing. */
  lookSoon(): void {
    for (const lane of this.lanes.values()) {
      lane.resume();
      lane.dueIn(0);
    }
    this.schedule.notify();
  }

  private async publish(signal: AbortSignal): Promise<void> {
    const lane = await this.schedule.take(signal);
    if (lane === undefined) return;
    try {
      await this.turn.take(lane, signal);
    } finally {
      this.schedule.giveBack(lane);
    }
  }

  private async poll(signal: AbortSignal): Promise<void> {
    const lanes = [...this.lanes.values()];
    for (const { stream } of lanes) this.open(stream.connection);
    const names = lanes.map(({ stream }) => stream.name);
    const waits = await this.place.sessions.run((session) => nextDue(session, names), { bigints: true });
    for (const [at, waitMs] of waits.entries()) if (waitMs !== undefined) lanes[at]?.dueIn(waitMs);
    // even without anything due: a connection may have been replaced
    this.schedule.notify();
    // apart, so that the processes of an application do not look at the same moment
    await sleep(this.options.pollMs * (0.75 + Math.random() / 4), signal);
  }

  /** Connections are opened at first use, which nothing that waits for them would ever be. */
  private open(connection: RedisConnection): void {
    if (connection.isReady || this.opening.has(connection)) return;
    this.opening.add(connection);
    void this.untilAnswered(connection);
  }

  private async untilAnswered(connection: RedisConnection): Promise<void> {
    try {
      await connection.ping();
    } catch {
      // said by the connection itself, and tried again
    }
    this.opening.delete(connection);
    this.schedule.notify();
  }

  private async count(signal: AbortSignal): Promise<void> {
    const { restMs, strangers } = await this.gauges.refresh();
    const names = strangers.join(', ');
    if (names !== this.strangers && names !== '') {
      this.place.logger.warn(
        `Messages of the outbox wait for streams that no module of this application registers: ${names}. ` +
          'They wait for an application that does.',
      );
    }
    this.strangers = names;
    await sleep(Math.max(GAUGES_EVERY_MS, restMs), signal);
  }
}

/** `condition` is what lasts while turns fail. */
function loopOf(condition: ConditionLog, turn: (signal: AbortSignal) => Promise<void>): BackgroundLoop {
  return new BackgroundLoop({
    name: 'Outbox',
    turn: async (signal) => {
      await turn(signal);
      condition.ended('goes on');
    },
    onError: (error) => condition.began(String(orSchemaMissing(error, TABLE)), 'fails, messages wait in the table'),
    backoff: BACKOFF,
  });
}
