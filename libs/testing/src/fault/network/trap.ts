/** What happens to the answer of a request that a trap was set for. */
export type Trap =
  /** The server gets the request and answers; the client never hears it and loses its connection. */
  | 'lose-reply'
  /** The server gets the request and answers; the client hears nothing on this connection any more, and keeps it. */
  | 'swallow-reply'
  /** The server never gets the request; the client loses its connection. */
  | 'lose-request';

/** The end of what a client has sent, kept so that a text cut in two is found. */
const TAIL = 256;

/** Looks for a text in what clients send, once. */
export class RequestTrap {
  private readonly tails = new WeakMap<object, string>();

  constructor(
    private readonly pattern: string | RegExp,
    readonly kind: Trap,
    readonly sprung: () => void,
  ) {}

  /** Whether the text ends in these bytes, the ones before on the same connection included. */
  matches(connection: object, bytes: Buffer): boolean {
    const text = (this.tails.get(connection) ?? '') + bytes.toString('latin1');
    this.tails.set(connection, text.slice(-TAIL));
    return typeof this.pattern === 'string' ? text.includes(this.pattern) : text.search(this.pattern) >= 0;
  }
}
