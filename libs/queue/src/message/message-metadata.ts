/** What travels beside a payload. */
export interface MessageMetadata {
  readonly id?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
