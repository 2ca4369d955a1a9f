import type { RedisConnection } from './redis-connection.js';
import { deadLetterStream } from './redis-keys.js';
import type { RedisArg } from './redis-socket.js';
import { REPLAY_SCRIPT } from './scripts/replay.script.js';
import { expectArray, parseFields, parseText } from './stream-entry.js';

/** An entry of a dead-letter stream as Redis holds it. */
export interface DeadLetterRecord {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/** What became of a letter that was to be put back. */
export type ReplayOutcome = 'replayed' | 'missing' | 'withoutGroup';

/** What `range` reads: from `after` on, which is left out; without it from the end that `isNewestFirst` names. */
export interface DeadLetterRange {
  readonly after?: string | undefined;
  readonly count: number;
  readonly isNewestFirst: boolean;
}

/** One method per command on the dead letters of one stream. */
export class DeadLetterLog {
  private readonly key: string;

  constructor(
    private readonly connection: RedisConnection,
    private readonly stream: string,
  ) {
    this.key = deadLetterStream(stream);
  }

  async count(): Promise<number> {
    return Number(await this.connection.command('xlen', [this.key]));
  }

  async get(id: string): Promise<DeadLetterRecord | undefined> {
    return this.read('xrange', [this.key, id, id]).then(([record]) => record);
  }

  range({ after, count, isNewestFirst }: DeadLetterRange): Promise<DeadLetterRecord[]> {
    const from = after === undefined ? undefined : `(${after}`;
    return isNewestFirst
      ? this.read('xrevrange', [this.key, from ?? '+', '-', 'COUNT', count])
      : this.read('xrange', [this.key, from ?? '-', '+', 'COUNT', count]);
  }

  /** Appends `fields` to the stream and removes the letter, both or neither; neither when the letter or its group is not there. */
  async replay(id: string, group: string, fields: readonly Buffer[]): Promise<ReplayOutcome> {
    const reply = await this.connection.script(REPLAY_SCRIPT, [this.stream, this.key], [id, group, ...fields]);
    if (reply === 0) return 'missing';
    if (reply === -1) return 'withoutGroup';
    this.connection.parse(reply, (text) => parseText(text, 'EVALSHA'));
    return 'replayed';
  }

  /** How many of them were there. */
  async delete(ids: readonly string[]): Promise<number> {
    return Number(await this.connection.command('xdel', [this.key, ...ids]));
  }

  private async read(command: 'xrange' | 'xrevrange', args: readonly RedisArg[]): Promise<DeadLetterRecord[]> {
    const reply = await this.connection.command(command, args);
    return this.connection.parse(reply, (entries) =>
      expectArray(entries, command, 'a list of entries').map((entry) => {
        const [id, fields] = expectArray(entry, command, 'an entry');
        return { id: parseText(id, command), fields: parseFields(fields, command) ?? [] };
      }),
    );
  }
}
