import { type BackoffOptions, equalJitter, sleep, withDeadline } from '@safesync/core';
import { RedisClosedError, RedisUnavailableError } from '../queue.errors.js';
import { safeReason } from './redis-reply.js';
import { RedisSocket } from './redis-socket.js';
import type { RedisTarget } from './redis-target.js';

/** What a connection is going through, for logs and health: `to` names host and port only. */
export type RedisConnectionEvent =
  | { readonly kind: 'connecting'; readonly to: string; readonly purpose: string; readonly attempt: number }
  | {
      readonly kind: 'failed';
      readonly to: string;
      readonly purpose: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: 'ready'; readonly to: string; readonly purpose: string }
  | { readonly kind: 'lost'; readonly to: string; readonly purpose: string; readonly reason: string };

export interface RedisLinkOptions {
  /** `commands` or `reads`: what the socket is for, told to the observer. */
  readonly purpose: string;
  readonly connectTimeoutMs: number;
  /** Told of every change; must not throw. */
  readonly observer: (event: RedisConnectionEvent) => void;
}

const BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };
/** A socket that lived this long was a good one: the next loss starts again at no delay. */
const STABLE_MS = 5_000;

/** Keeps one socket to a target alive: opens it at first use, replaces it with backoff when it ends, until closed. */
export class RedisLink {
  private live: RedisSocket | undefined;
  private establishing: Promise<RedisSocket> | undefined;
  private failures = 0;
  private lastFailure: string | undefined;
  private generation = 0;
  private isDropping = false;
  private readonly closing = new AbortController();

  constructor(
    private readonly target: RedisTarget,
    private readonly options: RedisLinkOptions,
  ) {}

  /** The socket if it can be used right now. */
  get current(): RedisSocket | undefined {
    // the other side may have ended it without ioredis having said so yet: nothing can be sent any more
    if (this.live && !this.live.isWritable) this.live.destroy('connection closed');
    return this.live;
  }

  /** Number of sockets that were given up so far. */
  get losses(): number {
    return this.generation;
  }

  /** A usable socket, waited for at most `timeoutMs`; then `RedisUnavailableError`, the attempts going on. */
  acquire(timeoutMs: number): Promise<RedisSocket> {
    const live = this.current;
    if (live) return Promise.resolve(live);
    if (this.closing.signal.aborted) return Promise.reject(this.closedError());
    return withDeadline(this.establish(), timeoutMs, () => {
      const why = this.lastFailure === undefined ? '' : ` (${this.lastFailure})`;
      return new RedisUnavailableError(
        `No connection to Redis at ${this.target.description} within ${timeoutMs} ms${why}.`,
      );
    });
  }

  /** Ends the current socket without opening another until somebody asks for one. */
  drop(reason: string): void {
    this.isDropping = true;
    this.live?.destroy(reason);
    this.isDropping = false;
  }

  close(): void {
    this.closing.abort();
    this.live?.destroy('closed by the application');
  }

  private establish(): Promise<RedisSocket> {
    if (!this.establishing) {
      this.establishing = this.connect().finally(() => {
        this.establishing = undefined;
      });
      // whoever waits for a socket is told through acquire(); nobody may be waiting
      this.establishing.catch(() => undefined);
    }
    return this.establishing;
  }

  private async connect(): Promise<RedisSocket> {
    const { signal } = this.closing;
    const { purpose, observer } = this.options;
    const to = this.target.description;
    for (let attempt = 1; ; attempt++) {
      if (this.failures > 0) await sleep(equalJitter(BACKOFF, this.failures), signal);
      if (signal.aborted) throw this.closedError();
      observer({ kind: 'connecting', to, purpose, attempt });
      try {
        const socket = await this.openSocket(signal);
        observer({ kind: 'ready', to, purpose });
        return socket;
      } catch (error) {
        if (signal.aborted) throw this.closedError();
        this.failures += 1;
        this.lastFailure = safeReason(error);
        observer({ kind: 'failed', to, purpose, attempt, reason: this.lastFailure });
      }
    }
  }

  private async openSocket(signal: AbortSignal): Promise<RedisSocket> {
    const socket = new RedisSocket(this.target.create(), {
      where: this.target.description,
      connectTimeoutMs: this.options.connectTimeoutMs,
      onEnd: (ended, reason) => this.onEnd(ended, reason),
    });
    const abandon = (): void => socket.destroy('closed by the application');
    signal.addEventListener('abort', abandon, { once: true });
    try {
      await socket.opened;
      if (!socket.isUsable) throw new Error('the connection ended as soon as it was ready');
      this.live = socket;
      return socket;
    } finally {
      signal.removeEventListener('abort', abandon);
    }
  }

  private onEnd(socket: RedisSocket, reason: string): void {
    if (socket !== this.live) return;
    this.live = undefined;
    this.generation += 1;
    if (this.isDropping) return;
    this.failures = socket.readyForMs > STABLE_MS ? 0 : this.failures + 1;
    if (this.closing.signal.aborted) return;
    this.options.observer({ kind: 'lost', to: this.target.description, purpose: this.options.purpose, reason });
    void this.establish();
  }

  private closedError(): RedisClosedError {
    return new RedisClosedError(`The connection to Redis at ${this.target.description} is closed.`);
  }
}
