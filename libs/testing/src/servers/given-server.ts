import { sleep } from '@safesync/core';
import type { ServerAnswer, ServerKind } from './server-kind.js';
import { ServerUnreachableError } from './servers.errors.js';

/** A server that is only just starting, as in a CI job, is given this long. */
const PATIENCE_MS = 5_000;
const PROBE_MS = 2_000;

/** Asks the server that the environment names; rejects with `ServerUnreachableError`, which never shows the credentials. */
export async function askGivenServer(kind: ServerKind, url: string): Promise<ServerAnswer> {
  const address = addressOf(url);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await kind.ask(url, PROBE_MS);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      if (hasAnswered(error) || performance.now() > deadline) {
        throw new ServerUnreachableError(kind.variable, address, message || String(code));
      }
    }
    await sleep(100);
  }
}

/** A refusal by the server itself, such as a wrong password: asking again cannot help. */
function hasAnswered(error: unknown): boolean {
  const { sqlState, message } = error as { sqlState?: string; message: string };
  return Boolean(sqlState) || /^(NOAUTH|WRONGPASS|NOPERM|Invalid URL)/.test(message);
}

function addressOf(url: string): string {
  if (!URL.canParse(url)) return 'something that is not a URL';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
