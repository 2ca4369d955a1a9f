import { noMetrics } from '@safesync/core';
import { ConnectionLostError } from '@safesync/db';
import { RedisReplyError, type RegisteredStream } from '@safesync/queue';
import { type ResolvedRelayOptions, resolveOutboxOptions } from '../outbox.options.js';
import type { ForgottenEntries } from './forgotten-entries.js';
import { LaneTurn } from './lane-turn.js';
import type { RelayBatch } from './relay-batch.js';
import { RelayLane } from './relay-lane.js';

describe('LaneTurn', () => {
  const connection = { isReady: true, epoch: 0 };
  const options = resolveOutboxOptions({}).relay as ResolvedRelayOptions;
  const log: string[] = [];
  const keep = (line: string): number => log.push(line);
  const signal = new AbortController().signal;
  let found: () => Promise<number>;
  let lane: RelayLane;
  let turn: LaneTurn;

  beforeEach(() => {
    log.length = 0;
    connection.isReady = true;
    lane = new RelayLane({ name: 's', connection } as unknown as RegisteredStream);
    const forgotten = { restore: () => found() } as unknown as ForgottenEntries;
    const logger = { log: keep, warn: keep, error: keep };
    turn = new LaneTurn({} as RelayBatch, forgotten, options, noMetrics, logger);
  });

  const refuse = (): Promise<number> =>
    Promise.reject(new RedisReplyError('XRANGE', 'WRONGTYPE', 'WRONGTYPE', 'Rename it'));

  it('pauses a lane whose stream fails, and tells of it when it begins and when it ends', async () => {
    found = refuse;
    for (let n = 0; n < 3; n += 1) {
      await turn.take(lane, signal);
      expect(lane.nextAt).toBeGreaterThan(performance.now());
    }
    expect(log).toHaveLength(1);
    found = () => Promise.resolve(0);
    await turn.take(lane, signal);
    expect(log).toHaveLength(2);
    expect(lane.mustCheck).toBe(false);
  });

  it('says nothing of a connection that was lost, or once it is to stop', async () => {
    found = refuse;
    connection.isReady = false;
    await turn.take(lane, signal);
    connection.isReady = true;
    await turn.take(lane, AbortSignal.abort());
    expect(log).toEqual([]);
  });

  it('leaves it to others when the database fails, and has its work at once', async () => {
    found = () => Promise.reject(new ConnectionLostError());
    await expect(turn.take(lane, signal)).rejects.toThrow(ConnectionLostError);
    expect(lane.nextAt).toBe(0);
    expect(log).toEqual([]);
  });
});
