import { OptionFaults } from '@safesync/core';
import { QueueError, RedisConnectionLostError, UnexpectedReplyError } from '../queue.errors.js';
import { type RedisConnectionEvent, RedisLink } from './redis-link.js';
import type { RedisCommand, RedisSocket } from './redis-socket.js';
import type { RedisTarget } from './redis-target.js';

export interface BlockingReaderOptions {
  /** How much longer than BLOCK an answer may take before the socket is given up, in ms. Default 1 500. */
  readonly graceMs?: number | undefined;
  readonly connectTimeoutMs: number;
  readonly observer: (event: RedisConnectionEvent) => void;
  readonly onClose: (reader: BlockingReader) => void;
}

const DEFAULT_GRACE_MS = 1_500;
/** Clocks of client and server may differ by this much over one BLOCK; an empty answer earlier than that is a fault. */
const CLOCK_SLACK_MS = 50;

/**
 * Blocking reads on a socket of their own. An answer that does not come within BLOCK + grace, an error, or an empty answer
 * before BLOCK has passed means that the socket cannot be trusted: it is destroyed and replaced.
 *
 * Whoever reads new entries watches `epoch`: whenever it has changed, entries may have been delivered to a socket that is
 * gone. They are pending under the reader's own consumer name and no further read for new entries returns them.
 */
export class BlockingReader {
  private readonly link: RedisLink;
  private readonly graceMs: number;
  private reading: { readonly interrupt: () => void; isOver: boolean } | undefined;
  private extraEpochs = 0;
  /** Until when the server may still answer a read whose socket was given up. */
  private orphanUntil: number | undefined;
  private isClosed = false;

  constructor(
    target: RedisTarget,
    private readonly options: BlockingReaderOptions,
  ) {
    this.link = new RedisLink(target, {
      purpose: 'reads',
      connectTimeoutMs: options.connectTimeoutMs,
      observer: options.observer,
    });
    this.graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
  }

  /** Rises whenever a socket was given up, and once more when the server's side of an abandoned read has ended too. */
  get epoch(): number {
    if (this.orphanUntil !== undefined && performance.now() >= this.orphanUntil) {
      this.orphanUntil = undefined;
      this.extraEpochs += 1;
    }
    return this.link.losses + this.extraEpochs;
  }

  /** True while a socket is up. */
  get isConnected(): boolean {
    return this.link.current !== undefined;
  }

  /**
   * Sends one blocking command that holds `BLOCK blockMs` itself and parses its reply. Resolves with nothing when nothing came
   * or the read was interrupted. One at a time.
   */
  async read<T>(command: RedisCommand, blockMs: number, parse: (reply: unknown) => T[]): Promise<T[]> {
    new OptionFaults('Blocking read').integer('blockMs', blockMs, 1).throwIfAny();
    if (this.reading) {
      throw new QueueError('A blocking read is already in progress.', {
        code: 'READ_IN_PROGRESS',
        remedy: 'Await it first.',
      });
    }
    try {
      return await new Promise<T[]>((resolve, reject) => {
        const reading = { interrupt: () => resolve([]), isOver: false };
        this.reading = reading;
        this.perform(reading, command, blockMs, parse).then(resolve, reject);
      });
    } finally {
      this.reading = undefined;
    }
  }

  /** Ends the read in progress at once; it resolves with `null` and its socket is replaced. Without one, does nothing. */
  interrupt(): void {
    if (!this.reading) return;
    this.reading.isOver = true;
    this.reading.interrupt();
    this.link.drop('read interrupted');
  }

  /** Ends the read in progress and the socket for good. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.interrupt();
    this.link.close();
    this.options.onClose(this);
  }

  private async perform<T>(
    reading: { readonly isOver: boolean },
    [command, ...args]: RedisCommand,
    blockMs: number,
    parse: (reply: unknown) => T[],
  ): Promise<T[]> {
    const socket = await this.link.acquire(Math.max(this.options.connectTimeoutMs, blockMs + this.graceMs));
    if (reading.isOver) return [];
    const startedAt = performance.now();
    try {
      const reply = await socket.send(command, args, blockMs + this.graceMs);
      const elapsedMs = performance.now() - startedAt;
      if (reply === null && elapsedMs < blockMs - CLOCK_SLACK_MS)
        socket.destroy('an empty answer came before BLOCK had passed');
      return parse(reply);
    } catch (error) {
      if (error instanceof RedisConnectionLostError || error instanceof UnexpectedReplyError) {
        this.abandon(socket, startedAt + blockMs);
      }
      throw error;
    }
  }

  private abandon(socket: RedisSocket, blockEndsAt: number): void {
    socket.destroy('a blocking read failed');
    if (blockEndsAt > performance.now()) this.orphanUntil = Math.max(this.orphanUntil ?? 0, blockEndsAt);
  }
}
