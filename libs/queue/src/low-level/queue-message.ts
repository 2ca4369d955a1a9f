/** One message of a low-level queue: what the ancestor's consumers receive. */
export interface QueueMessage<T = unknown> {
  readonly stream: string;
  readonly group: string;
  /** The entry's id in the stream. */
  readonly id: string;
  /** Whatever JSON the producer wrote; nobody has checked its shape. */
  readonly payload: T;
}
