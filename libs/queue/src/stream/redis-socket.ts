import { Deferred } from '@safesync/core';
import { type QueueError, RedisReplyError } from '../queue.errors.js';
import { connectionLost, notSent, safeReason, translateRedisError } from './redis-reply.js';
import type { RedisClient } from './redis-target.js';

/** What a command's arguments may be; everything else has been turned into text before. */
export type RedisArg = string | number | Buffer;

/** Name and arguments. */
export type RedisCommand = readonly [name: string, ...args: RedisArg[]];

/** What became of one command of several. */
export type CommandResult = { readonly reply: unknown } | { readonly error: QueueError };

interface InFlight {
  readonly command: string;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly reject: (error: QueueError) => void;
}

/** A server that lives answers something within this, however much it was sent. */
const SILENCE_MS = 500;

export interface RedisSocketOptions {
  /** Where it leads, for messages. */
  readonly where: string;
  /** From connecting to ready, handshake included, in ms. */
  readonly connectTimeoutMs: number;
  /** Told once, when the socket is gone for whatever reason. */
  readonly onEnd: (socket: RedisSocket, reason: string) => void;
}

/**
 * One ioredis client from connecting to its end: it never reconnects and never sends anything twice. Every command settles by
 * its deadline or at once when the socket ends, whatever ioredis does. A command without an answer in time ends the socket:
 * its late answer could otherwise be taken for that of another.
 */
export class RedisSocket {
  private readonly opening = new Deferred();
  private readonly inFlight = new Set<InFlight>();
  private inFlightBytes = 0;
  /** When the last answer came, or the first command was sent that waits for one. */
  private heardAt = 0;
  private hasFallenSilent = false;
  private listener: NodeJS.Timeout | undefined;
  private sweeper: NodeJS.Timeout | undefined;
  private sweepsAt = Number.POSITIVE_INFINITY;
  private readonly connectTimer: NodeJS.Timeout;
  private lastError = 'connection closed';
  private hasEnded = false;
  private readySince: number | undefined;

  constructor(
    private readonly client: RedisClient,
    private readonly options: RedisSocketOptions,
  ) {
    this.opening.promise.catch(() => undefined);
    client.on('error', (error: unknown) => {
      this.lastError = safeReason(error);
    });
    client.on('ready', () => this.becomeReady());
    client.on('close', () => this.end(this.lastError));
    client.on('end', () => this.end(this.lastError));
    const timeoutMs = options.connectTimeoutMs;
    this.connectTimer = setTimeout(() => this.end(`not connected within ${timeoutMs} ms`), timeoutMs);
    // the outcome arrives through the events above
    client.connect().catch(() => undefined);
  }

  /** Resolves when commands can be sent; rejects with the reason when that will never be. */
  get opened(): Promise<void> {
    return this.opening.promise;
  }

  get isUsable(): boolean {
    return this.readySince !== undefined && !this.hasEnded;
  }

  /** False once the connection has ended, even if nobody has said so yet. The nodes of a cluster tell for themselves. */
  get isWritable(): boolean {
    return !('stream' in this.client) || this.client.stream?.writable;
  }

  /** Bytes of the commands that have no answer yet: written, and held until then. */
  get unansweredBytes(): number {
    return this.inFlightBytes;
  }

  /** True when commands have waited for half a second without any answer. */
  get isSilent(): boolean {
    return this.hasFallenSilent;
  }

  /** How long it has been (or was) usable, in ms. */
  get readyForMs(): number {
    return this.readySince === undefined ? 0 : performance.now() - this.readySince;
  }

  /** Sends one command; replies hold Buffers where Redis sends strings. */
  send(command: string, args: readonly RedisArg[], timeoutMs: number): Promise<unknown> {
    return this.track(command, bytesOf(args), timeoutMs, () => this.client.callBuffer(command, ...args));
  }

  /** Sends commands in one write; each settles by itself in the result. In a cluster all must go to one slot. */
  async sendAll(commands: readonly RedisCommand[], timeoutMs: number): Promise<CommandResult[]> {
    const name = commands[0]?.[0] ?? 'pipeline';
    const bytes = bytesOfAll(commands);
    const results = await this.track(name, bytes, timeoutMs, () => {
      const pipeline = this.client.pipeline();
      for (const [command, ...args] of commands) pipeline.callBuffer(command, ...args);
      return pipeline.exec();
    });
    return (results as [Error | null, unknown][]).map(([error, reply]) =>
      error ? { error: this.translate(error, name) } : { reply },
    );
  }

  /** Ends the socket at once, half-open ones too: nothing is waited for, everything in flight is rejected. */
  destroy(reason: string): void {
    this.end(reason);
  }

  private track(command: string, bytes: number, timeoutMs: number, start: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.hasEnded) {
        reject(notSent(command, this.options.where));
        return;
      }
      const entry: InFlight = { command, bytes, expiresAt: performance.now() + timeoutMs, reject };
      if (this.inFlight.size === 0) this.heard();
      this.inFlight.add(entry);
      this.inFlightBytes += bytes;
      if (entry.expiresAt < this.sweepsAt) this.sweepIn(timeoutMs);
      start().then(
        (reply) => {
          this.settled(entry);
          resolve(reply);
        },
        (error: unknown) => {
          this.settled(entry);
          reject(this.translate(error, command));
        },
      );
    });
  }

  private settled(entry: InFlight): void {
    if (!this.inFlight.delete(entry)) return;
    this.inFlightBytes -= entry.bytes;
    this.heard();
  }

  private heard(): void {
    this.heardAt = performance.now();
    this.hasFallenSilent = false;
    this.listener ??= this.listenFor(SILENCE_MS);
  }

  private listenFor(ms: number): NodeJS.Timeout {
    // after the sockets were read: a loop that was busy has heard nothing, whoever spoke
    return setTimeout(() => setImmediate(() => this.listened()), ms).unref();
  }

  private listened(): void {
    this.listener = undefined;
    if (this.inFlight.size === 0) return;
    const restMs = SILENCE_MS - (performance.now() - this.heardAt);
    if (restMs > 0) this.listener = this.listenFor(restMs);
    else this.hasFallenSilent = true;
  }

  private translate(error: unknown, command: string): QueueError {
    const failure = translateRedisError(error, command, this.options.where);
    // only a new lookup (DNS, Sentinel) finds the primary again
    if (failure instanceof RedisReplyError && failure.replyCode === 'READONLY') this.end('the server is a replica');
    return failure;
  }

  /** One timer for all commands in flight, not one for each: it fires when the earliest deadline can have passed. */
  private sweepIn(ms: number): void {
    clearTimeout(this.sweeper);
    this.sweepsAt = performance.now() + ms;
    this.sweeper = setTimeout(() => this.sweep(), Math.ceil(ms));
  }

  private sweep(): void {
    this.sweepsAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const { command, expiresAt } of this.inFlight) {
      if (expiresAt <= now) {
        this.end(`${command} was not answered in time`);
        return;
      }
      earliest = Math.min(earliest, expiresAt);
    }
    if (this.inFlight.size > 0) this.sweepIn(earliest - now);
  }

  private becomeReady(): void {
    if (this.hasEnded) return;
    clearTimeout(this.connectTimer);
    this.readySince = performance.now();
    this.opening.resolve();
  }

  private end(reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.connectTimer);
    clearTimeout(this.sweeper);
    clearTimeout(this.listener);
    this.opening.reject(new Error(reason));
    for (const { command, reject } of this.inFlight) reject(connectionLost(command, this.options.where, reason));
    this.inFlight.clear();
    this.inFlightBytes = 0;
    this.options.onEnd(this, reason);
    if (this.client.status === 'end') return;
    this.client.disconnect();
    // disconnect() says goodbye and waits; a half-open socket would never hear it
    if ('stream' in this.client) this.client.stream?.destroy();
  }
}

/** What a command holds in memory: its arguments. */
export function bytesOf(args: readonly RedisArg[]): number {
  let bytes = 0;
  for (const arg of args) bytes += typeof arg === 'number' ? 8 : Buffer.byteLength(arg);
  return bytes;
}

export function bytesOfAll(commands: readonly RedisCommand[]): number {
  return commands.reduce((sum, command) => sum + bytesOf(command), 0);
}
