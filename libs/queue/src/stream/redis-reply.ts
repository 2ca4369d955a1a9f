import {
  GroupMissingError,
  type QueueError,
  RedisConnectionLostError,
  RedisReplyError,
  RedisUnavailableError,
} from '../queue.errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  OOM: 'Free memory on the Redis server or raise maxmemory; keep maxmemory-policy noeviction.',
  NOPERM: 'Grant the Redis user the commands and keys listed in the documentation.',
  NOAUTH: 'Give the connection its password.',
  WRONGPASS: 'Correct the user name and password of the connection.',
  WRONGTYPE: 'Another kind of value lives under this key: choose another stream name.',
  READONLY: 'The server is a replica; the library reconnects to find the primary.',
  CROSSSLOT: 'In Redis Cluster the stream name needs a hash tag, for example {orders}.',
};

/** A message that is free of what was sent: no arguments, no password. */
export function safeReason(error: unknown): string {
  const { message, code, name } = asError(error);
  // several addresses were tried (IPv4 and IPv6): the error itself has no text
  const text = message || code || name || 'unknown reason';
  return text.split(/,? with args beginning with| script: [0-9a-f]{40}/)[0] ?? text;
}

/** Turns what ioredis rejects with into an error of ours. `command` is the command's name only. */
export function translateRedisError(error: unknown, command: string, where: string): QueueError {
  const reason = safeReason(error);
  if (asError(error).name === 'ReplyError') return replyError(reason, command);
  if (/^(Stream isn't writeable|Cluster isn't ready)/.test(reason)) return notSent(command, where);
  return connectionLost(command, where, reason);
}

export function connectionLost(command: string, where: string, reason: string): RedisConnectionLostError {
  return new RedisConnectionLostError(
    `The connection to Redis at ${where} ended before ${command} was answered (${reason}).`,
  );
}

export function notSent(command: string, where: string): RedisUnavailableError {
  return new RedisUnavailableError(`${command} was not sent: the connection to Redis at ${where} is down.`);
}

/** By shape: an error may come from another realm, where `instanceof` does not know it. */
function asError(error: unknown): { message?: string; code?: string; name?: string } {
  return typeof error === 'object' && error !== null ? error : {};
}

function replyError(answer: string, command: string): QueueError {
  const code = replyCode(answer);
  const isGone = code === 'NOGROUP' || code === 'UNBLOCKED' || answer.startsWith('ERR no such key');
  if (isGone) return new GroupMissingError(command, answer);
  return new RedisReplyError(command.toUpperCase(), code, answer, REMEDIES[code] ?? 'See the answer of Redis.');
}

/** What Redis 7.0 and later versions say when a script meets the limits of its user. */
const NOPERM_IN_SCRIPT = /^ERR (ACL failure in script|The user executing the script can't)/;

/** First word of the answer; for an error inside a script on Redis 6, the first word of the error that the script met. */
function replyCode(answer: string): string {
  if (NOPERM_IN_SCRIPT.test(answer)) return 'NOPERM';
  const inScript = /^ERR Error running script .*?@user_script: ?\d+: -?([A-Z]+)\b/.exec(answer);
  return inScript?.[1] ?? /^-?([A-Z]+)\b/.exec(answer)?.[1] ?? 'ERR';
}
