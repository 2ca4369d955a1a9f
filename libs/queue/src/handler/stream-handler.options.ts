import { type BackoffOptions, MAX_TIMER_MS, OptionFaults } from '@safesync/core';
import { requireSessionOptions, type SessionOptions } from '@safesync/db';
import { type BatchOptions, type ResolvedBatchOptions, resolveBatchOptions } from './batch.options.js';
import { isPayloadType, type PayloadType } from './payload-validation.js';
import { type RateLimitOptions, requireRateLimit } from './rate-limit.options.js';

/**
 * What becomes of the later messages of a key. `park` and `skip` keep them waiting while one waits for its retry; when it is given
 * up, `park` blocks the key until somebody unblocks it, and `skip` moves the message to the dead letters and goes on. `overtake`
 * lets them go on in both cases.
 */
export type OrderOnFailure = 'park' | 'skip' | 'overtake';

/** What `@StreamHandler` takes. Durations are in ms. */
export interface StreamHandlerOptions<P extends PayloadType = never> {
  /** Name of the stream, as registered with `SafeSyncQueueModule.forFeature`. */
  readonly stream: string;
  /** Consumer group. Every group sees every message; the consumers of one group share them. */
  readonly group: string;
  /** Redis connection of `forRoot({ connections })`. Default: the stream's, else `default`. */
  readonly connection?: string;
  /** Database of `SafeSyncDbModule.forRoot({ name })` whose session the handler gets. Default `default`. */
  readonly db?: string;
  /**
   * Each message has its effect once: its id is written down in the handler's transaction, and one that was done before is
   * acknowledged without running. Needs `SafeSyncOutboxModule` and its table `safesync_inbox`. Default false.
   */
  readonly exactlyOnce?: boolean;
  /** Messages (with `batch`: batches) handled at once by this process. Default 1. Each holds one database connection. */
  readonly concurrency?: number;
  /** Several messages in one transaction. Default: one message, one transaction. */
  readonly batch?: BatchOptions;
  /** Messages started by the whole group, in all processes. Default: no limit. */
  readonly rateLimit?: RateLimitOptions;
  /** Bytes of messages in memory, those being handled included, above which no more are read. Default 16 777 216. One read may exceed it. */
  readonly prefetchBytes?: number;
  /** `key`: messages with the same key are handled one after the other, in the order of the stream, by one process of the group at a time. Default: no order. */
  readonly orderBy?: 'key';
  /** With `orderBy`, what becomes of the later messages of a key when one fails: `park` (the default), `skip` or `overtake`. */
  readonly orderOnFailure?: OrderOnFailure;
  /** With `orderBy`, how many messages may wait for others of their key before no more are read. Default 10 000. */
  readonly maxParked?: number;
  /** Class with class-validator rules, or a Standard Schema (zod, valibot, ...): checked before the session begins. */
  readonly payload?: P;
  /** Deliveries after which a failing message goes to the dead-letter stream. Default 10; Redis counts them at each claim. */
  readonly maxDeliveries?: number;
  /** Backoff between deliveries, drawn from the upper half of `baseMs * 2^(n-1)`, at most `maxMs`. Default 1 s to 30 s. `maxMs` stays below `claimIdleMs`. */
  readonly retry?: BackoffOptions;
  /** How long one read waits for new messages. Default 5 000. */
  readonly blockMs?: number;
  /** Age after which a message that nobody renews may be claimed, from a living consumer too. Default 60 000. */
  readonly claimIdleMs?: number;
  /** Pause between looks for messages of dead consumers; also the beat of this consumer's own liveness. Default 4 000. */
  readonly claimIntervalMs?: number;
  /** Silence after which this consumer counts as dead. Default 10 000. At least twice `claimIntervalMs`. */
  readonly livenessMs?: number;
  /** Name in the group. Default `<host>-<pid>-<random>`; a name of your own must be unique among running processes. */
  readonly consumer?: string;
  /** Where a group begins when it is created: `0` (all history, the default), `$` (only new messages) or an entry id. */
  readonly groupStart?: string;
  /** Time a handler (or batch) gets before its signal aborts and its transaction rolls back. Default: none. */
  readonly handlerTimeoutMs?: number;
  /** Options of the transaction, e.g. `{ isolation: 'REPEATABLE READ' }`. */
  readonly session?: Omit<SessionOptions, 'signal' | 'independent'>;
}

/** Options that may stay undefined. */
type UndecidedOptions =
  | 'connection'
  | 'consumer'
  | 'payload'
  | 'handlerTimeoutMs'
  | 'batch'
  | 'rateLimit'
  | 'orderBy'
  | 'orderOnFailure';

/** Every option decided; what the rest of the library reads. */
export interface ResolvedStreamHandlerOptions extends Required<Omit<StreamHandlerOptions, UndecidedOptions>> {
  readonly orderBy: 'key' | undefined;
  /** Set exactly when `orderBy` is. */
  readonly orderOnFailure: OrderOnFailure | undefined;
  readonly connection: string | undefined;
  readonly consumer: string | undefined;
  readonly payload: PayloadType | undefined;
  readonly handlerTimeoutMs: number | undefined;
  readonly batch: ResolvedBatchOptions | undefined;
  readonly rateLimit: RateLimitOptions | undefined;
}

/** Fills in the defaults and refuses what cannot work, all faults at once. `where` is `Class.method`. */
export function resolveStreamHandlerOptions(
  where: string,
  options: StreamHandlerOptions<PayloadType>,
): ResolvedStreamHandlerOptions {
  const resolved = withDefaults(options);
  const faults = new OptionFaults(`@StreamHandler ${where}`);
  requireKnown(faults, '', options, OPTION_NAMES);
  requireKnown(faults, 'retry', resolved.retry, ['baseMs', 'maxMs']);
  requireKnown(faults, 'session', resolved.session, SESSION_OPTION_NAMES);
  // the other checks look into these objects
  faults.throwIfAny();
  requireNames(faults, resolved);
  requireNumbers(faults, resolved);
  requireRelations(faults, resolved);
  requireRateLimit(faults, options.rateLimit);
  const batch = resolveBatchOptions(faults, options.batch, resolved.concurrency);
  requireOrdering(faults, options, resolved);
  faults.throwIfAny();
  return Object.freeze({ ...resolved, batch });
}

const DEFAULTS = {
  connection: undefined,
  db: 'default',
  exactlyOnce: false,
  concurrency: 1,
  prefetchBytes: 16_777_216,
  orderBy: undefined,
  orderOnFailure: undefined,
  maxParked: 10_000,
  payload: undefined,
  maxDeliveries: 10,
  blockMs: 5_000,
  claimIdleMs: 60_000,
  claimIntervalMs: 4_000,
  livenessMs: 10_000,
  consumer: undefined,
  groupStart: '0',
  handlerTimeoutMs: undefined,
  batch: undefined,
  rateLimit: undefined,
  session: {},
} as const;

const OPTION_NAMES = ['stream', 'group', 'retry', ...Object.keys(DEFAULTS)];
/** Without `signal` and `independent`, which are of a call and not of a handler. */
const SESSION_OPTION_NAMES = ['isolation', 'readOnly', 'timeoutMs', 'lockWaitMs', 'abortOnLockTimeout'];

/** A misspelt option would be left at its default in silence. */
function requireKnown(faults: OptionFaults, parent: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    faults.require(false, `${parent} must be an object`);
    return;
  }
  const prefix = parent === '' ? '' : `${parent}.`;
  for (const name of Object.keys(options)) {
    faults.require(known.includes(name), `${prefix}${name} is not an option (${known.join(', ')})`);
  }
}

function withDefaults(options: StreamHandlerOptions<PayloadType>): ResolvedStreamHandlerOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const claimIdleMs = options.claimIdleMs ?? DEFAULTS.claimIdleMs;
  // half of claimIdleMs, so that lowering that one alone never makes the defaults contradict each other
  const maxMs = Math.max(1, Math.min(30_000, Math.floor(claimIdleMs / 2)));
  const retry = { baseMs: Math.min(1_000, maxMs), maxMs };
  const order = options.orderBy === undefined ? {} : { orderOnFailure: 'park' as const };
  const { batch: _, ...others } = given;
  return { ...DEFAULTS, retry, ...order, stream: options.stream, group: options.group, ...others };
}

/** Longest name of a stream, group or consumer: keys built from it stay readable, and nothing can fill the server with names. */
const MAX_NAME = 256;

function requireNames(faults: OptionFaults, options: ResolvedStreamHandlerOptions): void {
  const isName = (value: unknown): boolean =>
    typeof value === 'string' && value.trim() !== '' && value.length <= MAX_NAME;
  for (const name of ['stream', 'group', 'db'] as const) {
    faults.require(isName(options[name]), `${name} must be a name of 1 to ${MAX_NAME} characters`);
  }
  for (const name of ['connection', 'consumer'] as const) {
    const value = options[name];
    faults.require(value === undefined || isName(value), `${name} must be a name of 1 to ${MAX_NAME} characters`);
  }
  faults.require(typeof options.exactlyOnce === 'boolean', 'exactlyOnce must be true or false');
  faults.require(
    !(options.exactlyOnce && options.session.readOnly === true),
    'exactlyOnce needs a session that can write: not session.readOnly',
  );
  faults.require(/^(\$|0|\d+(-\d+)?)$/.test(options.groupStart), "groupStart must be '0', '$' or an entry id");
  faults.require(
    options.payload === undefined || isPayloadType(options.payload),
    'payload must be a class or a Standard Schema',
  );
}

function requireNumbers(faults: OptionFaults, options: ResolvedStreamHandlerOptions): void {
  requireSessionOptions(faults, options.session, 'session.');
  faults.integer('concurrency', options.concurrency, 1, 1_000);
  faults.integer('prefetchBytes', options.prefetchBytes, 1);
  faults.integer('maxParked', options.maxParked, 1, 1_000_000);
  faults.integer('maxDeliveries', options.maxDeliveries, 1);
  faults.integer('retry.baseMs', options.retry.baseMs, 1, MAX_TIMER_MS);
  faults.integer('retry.maxMs', options.retry.maxMs, 1, MAX_TIMER_MS);
  for (const name of ['blockMs', 'claimIdleMs', 'claimIntervalMs', 'livenessMs'] as const) {
    faults.integer(name, options[name], 1, MAX_TIMER_MS);
  }
  if (options.handlerTimeoutMs !== undefined)
    faults.integer('handlerTimeoutMs', options.handlerTimeoutMs, 1, MAX_TIMER_MS);
}

function requireRelations(faults: OptionFaults, options: ResolvedStreamHandlerOptions): void {
  const { retry, claimIdleMs, claimIntervalMs, livenessMs } = options;
  faults.require(!(retry.baseMs > retry.maxMs), 'retry.baseMs must not exceed retry.maxMs');
  faults.require(!(retry.maxMs >= claimIdleMs), 'retry.maxMs must be less than claimIdleMs');
  faults.require(!(livenessMs < 2 * claimIntervalMs), 'livenessMs must be at least twice claimIntervalMs');
}

const ORDER_ON_FAILURE: readonly unknown[] = ['park', 'skip', 'overtake'];

function requireOrdering(
  faults: OptionFaults,
  given: StreamHandlerOptions<PayloadType>,
  { orderBy, orderOnFailure }: ResolvedStreamHandlerOptions,
): void {
  faults.require(orderBy === undefined || orderBy === 'key', "orderBy must be 'key'");
  faults.require(
    orderOnFailure === undefined || ORDER_ON_FAILURE.includes(orderOnFailure),
    'orderOnFailure must be one of park, skip, overtake',
  );
  faults.require(orderBy === undefined || given.batch === undefined, 'orderBy cannot be combined with batch');
  for (const name of ['orderOnFailure', 'maxParked'] as const) {
    faults.require(orderBy !== undefined || given[name] === undefined, `${name} needs orderBy`);
  }
}
