import { RedisReplyError, RedisUnavailableError } from '../queue.errors.js';
import { BlockingReader } from './blocking-reader.js';
import { type RedisConnectionEvent, RedisLink } from './redis-link.js';
import type { RedisScript } from './redis-script.js';
import {
  bytesOf,
  bytesOfAll,
  type CommandResult,
  type RedisArg,
  type RedisCommand,
  type RedisSocket,
} from './redis-socket.js';
import { type RedisInput, type RedisTarget, redisTarget } from './redis-target.js';

export interface RedisConnectionOptions {
  /** Longest time from calling a command to its answer, waiting for a connection included, in ms. Default 5 000. */
  readonly commandTimeoutMs?: number;
  /** Longest time for one attempt to connect, handshake included, in ms. Default 5 000. */
  readonly connectTimeoutMs?: number;
  /** How many commands may wait for a connection at a time; more fail at once. Default 1 000. */
  readonly maxWaiting?: number;
  /**
   * How many bytes of commands may wait for a connection at a time, and of those sent for an answer of a Redis that has said nothing for
   * half a second while more is published; more fail at once. Default 16 MiB.
   */
  readonly maxWaitingBytes?: number;
  /** Told what the connection is going through; must not throw. */
  readonly observer?: (event: RedisConnectionEvent) => void;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_MAX_WAITING = 1_000;
const DEFAULT_MAX_WAITING_BYTES = 16 * 1_048_576;

/**
 * The commands of an application to one Redis, over one socket that is opened at first use and replaced when lost. Every
 * command settles within its deadline: with the answer, `RedisUnavailableError` (not sent), `RedisConnectionLostError` (sent,
 * outcome unknown), or what Redis refused it with. Nothing is ever sent twice.
 */
export class RedisConnection {
  private readonly target: RedisTarget;
  private readonly link: RedisLink;
  private readonly readers = new Set<BlockingReader>();
  /** What a command gets that names no time of its own, in ms. */
  readonly timeoutMs: number;
  private readonly maxWaiting: number;
  private readonly maxWaitingBytes: number;
  private waiting = 0;
  private waitingBytes = 0;
  private readonly connectTimeoutMs: number;
  private readonly observer: (event: RedisConnectionEvent) => void;

  constructor(input: RedisInput, options: RedisConnectionOptions = {}) {
    this.target = redisTarget(input);
    this.timeoutMs = options.commandTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.maxWaiting = options.maxWaiting ?? DEFAULT_MAX_WAITING;
    this.maxWaitingBytes = options.maxWaitingBytes ?? DEFAULT_MAX_WAITING_BYTES;
    this.connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.observer = options.observer ?? (() => undefined);
    this.link = new RedisLink(this.target, {
      purpose: 'commands',
      connectTimeoutMs: this.connectTimeoutMs,
      observer: this.observer,
    });
  }

  /** Host and port, for messages. */
  get description(): string {
    return this.target.description;
  }

  get isCluster(): boolean {
    return this.target.isCluster;
  }

  /** True while commands can be sent without waiting for a connection. */
  get isReady(): boolean {
    return this.link.current !== undefined;
  }

  /** Changes whenever the socket was given up: what follows may be answered by another server, or by one that has restarted. */
  get epoch(): number {
    return this.link.losses;
  }

  /** Sends one command. Strings in the reply are Buffers. */
  command(name: string, args: readonly RedisArg[], timeoutMs: number = this.timeoutMs): Promise<unknown> {
    const live = this.link.current;
    return live
      ? live.send(name, args, timeoutMs)
      : this.whenReady(bytesOf(args), timeoutMs, (socket, ms) => socket.send(name, args, ms));
  }

  /** Sends commands in one write; one result each, in order. In a cluster all must go to one slot. */
  commands(list: readonly RedisCommand[], timeoutMs: number = this.timeoutMs): Promise<CommandResult[]> {
    const live = this.link.current;
    if (live) return live.sendAll(list, timeoutMs);
    return this.whenReady(bytesOfAll(list), timeoutMs, (socket, ms) => socket.sendAll(list, ms));
  }

  /** Runs a script by its digest; its text is sent only when the server does not know it yet. */
  async script(
    script: RedisScript,
    keys: readonly string[],
    args: readonly RedisArg[],
    timeoutMs?: number,
  ): Promise<unknown> {
    const operands = [keys.length, ...keys, ...args];
    try {
      return await this.command('evalsha', [script.sha, ...operands], timeoutMs);
    } catch (error) {
      if (!(error instanceof RedisReplyError) || error.replyCode !== 'NOSCRIPT') throw error;
      return this.command('eval', [script.source, ...operands], timeoutMs);
    }
  }

  /**
   * For whoever sends as much as it is told to: throws `RedisUnavailableError` while Redis says nothing and so much waits for an answer
   * that nothing more should be held for it. A socket whose other side is gone takes everything until its first deadline.
   */
  requireAnswers(): void {
    const socket = this.link.current;
    if (!socket?.isSilent || socket.unansweredBytes < this.maxWaitingBytes) return;
    throw new RedisUnavailableError(
      `Not sent: ${socket.unansweredBytes} bytes wait for an answer of Redis at ${this.description}, which says nothing.`,
    );
  }

  /** One round trip; throws when Redis does not answer in time. */
  async ping(timeoutMs: number = this.timeoutMs): Promise<void> {
    await this.command('ping', [], timeoutMs);
  }

  /** A reader with a socket of its own: a blocking read would hold up every other command on a shared one. */
  blockingReader(graceMs?: number): BlockingReader {
    const reader = new BlockingReader(this.target, {
      graceMs,
      connectTimeoutMs: this.connectTimeoutMs,
      observer: this.observer,
      onClose: (closed) => this.readers.delete(closed),
    });
    this.readers.add(reader);
    return reader;
  }

  /** Closes the socket and every reader; what is in flight is rejected. */
  close(): void {
    for (const reader of this.readers) reader.close();
    this.link.close();
  }

  /** Hands a reply to its parser; one that it cannot have been means that replies are out of step with commands. */
  parse<T>(reply: unknown, parser: (reply: unknown) => T): T {
    try {
      return parser(reply);
    } catch (error) {
      this.link.current?.destroy('a reply had an impossible shape');
      throw error;
    }
  }

  private async whenReady<T>(
    bytes: number,
    timeoutMs: number,
    send: (socket: RedisSocket, ms: number) => Promise<T>,
  ): Promise<T> {
    this.requireRoom(bytes);
    this.waiting += 1;
    this.waitingBytes += bytes;
    const startedAt = performance.now();
    const socket = await this.link.acquire(timeoutMs).finally(() => {
      this.waiting -= 1;
      this.waitingBytes -= bytes;
    });
    return send(socket, Math.max(1, timeoutMs - (performance.now() - startedAt)));
  }

  /** A command that is too large by itself waits all the same when nothing else does: its connection may only be opening. */
  private requireRoom(bytes: number): void {
    const isFull = this.waiting >= this.maxWaiting;
    if (!isFull && (this.waiting === 0 || this.waitingBytes + bytes <= this.maxWaitingBytes)) return;
    throw new RedisUnavailableError(
      `${this.waiting} commands wait for a connection to Redis at ${this.description} already (${this.waitingBytes} bytes).`,
    );
  }
}
