import { createHash } from 'node:crypto';
import { type RedisConnection, serverIdentity } from '@safesync/queue';

/** Who answered, and over which socket. */
export interface ServerMark {
  readonly epoch: number;
  /** A digest of the server's identity; null where the server does not say. */
  readonly server: Buffer | null;
}

/** What published rows note of the server that confirmed them. Asked once for each socket. */
export class ServerMarks {
  private readonly known = new WeakMap<RedisConnection, ServerMark>();

  async of(connection: RedisConnection): Promise<ServerMark> {
    const known = this.known.get(connection);
    if (known?.epoch === connection.epoch) return known;
    const { epoch } = connection;
    const identity = await serverIdentity(connection);
    const server = identity === undefined ? null : createHash('sha256').update(identity).digest().subarray(0, 16);
    // an answer over a later socket would be taken for that of this one
    const mark = { epoch, server: epoch === connection.epoch ? server : null };
    this.known.set(connection, mark);
    return mark;
  }

  /** The mark's server, if all that was answered since came over the same socket. */
  unlessReplaced(connection: RedisConnection, { epoch, server }: ServerMark): Buffer | null {
    return epoch === connection.epoch ? server : null;
  }
}
