import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const MAX_HOST = 64;

/**
 * `<host>-<pid>-<random>`: unique among running processes, so that no two share pending entries. The host is cut at 64
 * characters and freed of what would make a name hard to read or type.
 */
export function newConsumerName(host: string = hostname()): string {
  const readable = host.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, MAX_HOST) || 'host';
  return `${readable}-${process.pid}-${randomBytes(4).toString('hex')}`;
}
