import { sleep } from '@safesync/core';
import type { PlannedTransfer } from '../plan/transfer-plan.js';
import { type Answer, JsonClient } from './json-client.js';

/** The ledger answered what it must not answer to such a request. */
export class UnexpectedAnswerError extends Error {
  constructor(request: string, status: number, body: string) {
    super(`${request} was answered with ${status}: ${body.slice(0, 300)}`);
    this.name = 'UnexpectedAnswerError';
  }
}

const WITHOUT_ANSWER_MS = 500;

/**
 * A client as the ledger's customers should write theirs: where no answer comes, or one that says "later", it sends the same
 * request with the same id again, until it knows.
 */
export class LedgerClient {
  /** Requests that were sent again because their fate was unknown or the ledger was not ready. */
  retries = 0;
  private readonly http: JsonClient;

  constructor(
    origin: string,
    private readonly signal: AbortSignal,
  ) {
    this.http = new JsonClient(origin, signal);
  }

  /** Opens an account, or finds it open with the same balance. */
  async openAccount(id: string, balance: string): Promise<void> {
    await this.insist('PUT', `/accounts/${id}`, { balance }, [200, 201]);
  }

  /** Resolves when the ledger has accepted the transfer, once for each time it is to be sent. */
  async transfer({ id, from, to, amount, times }: PlannedTransfer): Promise<void> {
    for (let sent = 0; sent < times; sent += 1)
      await this.insist('POST', '/transfers', { id, from, to, amount }, [202]);
  }

  /** Sends what the ledger must refuse, naming `field`. */
  async refused(field: string, body: unknown): Promise<void> {
    const answer = await this.insist('POST', '/transfers', body, [400]);
    if (!answer.body.includes(field))
      throw new UnexpectedAnswerError(`A request with a wrong ${field}`, 400, answer.body);
  }

  private async insist(method: string, path: string, body: unknown, expected: readonly number[]): Promise<Answer> {
    for (;;) {
      // no answer is as good as "later": nobody knows what became of the request
      const answer = await this.http.send(method, path, body).catch(() => undefined);
      this.signal.throwIfAborted();
      if (answer && expected.includes(answer.status)) return answer;
      if (answer && answer.status < 500)
        throw new UnexpectedAnswerError(`${method} ${path}`, answer.status, answer.body);
      this.retries += 1;
      await sleep(answer?.retryAfterMs ?? WITHOUT_ANSWER_MS, this.signal);
    }
  }
}
