import { Agent, type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** What the server asks for before the next try; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;
}

const TIMEOUT_MS = 20_000;

/** JSON over HTTP on connections that are kept; many requests in flight cost little here. */
export class JsonClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    private readonly origin: string,
    signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.agent.destroy(), { once: true });
  }

  /** Rejects when no whole answer came: what became of the request is then unknown. */
  send(method: string, path: string, body: unknown): Promise<Answer> {
    const text = Buffer.from(JSON.stringify(body));
    const headers = { 'content-type': 'application/json', 'content-length': text.length };
    return new Promise((resolve, reject) => {
      const sent = request(
        this.origin + path,
        { method, headers, agent: this.agent, timeout: TIMEOUT_MS },
        (response) => {
          readAnswer(response).then(resolve, reject);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error(`No answer within ${TIMEOUT_MS} ms.`)));
      sent.on('error', reject);
      sent.end(text);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  const seconds = Number(response.headers['retry-after']);
  return {
    status: response.statusCode ?? 0,
    body,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  };
}
