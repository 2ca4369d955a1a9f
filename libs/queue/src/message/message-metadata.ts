/** What travels beside a payload. */
export interface MessageMetadata {
  readonly id?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the library itself adds to that. */
export interface WireMetadata extends MessageMetadata {
  /** The one group that a replayed message is for: the others have handled it, or given it up themselves. */
  readonly replayFor?: string;
}
