import { scriptPattern } from './script-pattern.js';
import type { PointSettings } from './worker-settings.js';

/** A place between a transaction and its stream where the process that writes, or the one that relays, may end. */
export interface OutboxPoint extends Omit<PointSettings, 'nth' | 'action'> {
  readonly name: string;
  readonly role: 'writer' | 'relay';
  /** Which of its statements it can be, from and to. */
  readonly nth: readonly [number, number];
  /** Whether Redis has messages then that the table does not know to be there: they come again. */
  readonly comesAgain?: true;
}

const WRITTEN = '^INSERT INTO written';
const INSERT = '^INSERT INTO safesync_outbox';
// what is deleted is chosen by a statement like it
const CLAIM = '^SELECT.*safesync_outbox.*state = 0.*SKIP LOCKED';
const APPEND = `^XADD |${scriptPattern('append-chain')}`;
const MARK = '^UPDATE safesync_outbox.*SET o.state = 1';
const COMMIT = '^COMMIT';

const writer = (name: string, when: OutboxPoint['when'], matching: string, following?: string): OutboxPoint => ({
  name: `the writer, ${name}`,
  role: 'writer',
  driver: 'mysql',
  when,
  matching,
  nth: [1, 15],
  ...(following === undefined ? {} : { following }),
});

/** Of three batches, one. */
const relay = (name: string, more: Pick<OutboxPoint, 'when' | 'matching'> & Partial<OutboxPoint>): OutboxPoint => ({
  name: `the relay, ${name}`,
  role: 'relay',
  driver: 'mysql',
  nth: [1, 2],
  ...more,
});

/** In the order of the path. */
export const OUTBOX_POINTS: readonly OutboxPoint[] = [
  writer('before the outbox insert', 'before', INSERT),
  writer('after the outbox insert', 'after', INSERT),
  writer('before COMMIT', 'before', COMMIT, WRITTEN),
  writer('after COMMIT', 'after', COMMIT, WRITTEN),
  relay('after the claim', { when: 'after', matching: CLAIM }),
  relay('before the append', { when: 'before', matching: APPEND, driver: 'redis' }),
  relay('after the append', { when: 'after', matching: APPEND, driver: 'redis', comesAgain: true }),
  relay('before the mark', { when: 'before', matching: MARK, comesAgain: true }),
  relay('after the mark', { when: 'after', matching: MARK, comesAgain: true }),
  relay('after COMMIT', { when: 'after', matching: COMMIT, following: MARK }),
];
