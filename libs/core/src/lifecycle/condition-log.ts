/** The part of Nest's `Logger` that background work uses. */
export interface BackgroundLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * One condition that lasts (Redis is away, the group is missing): said when it begins, when its cause changes and when it
 * ends, not at every retry in between.
 */
export class ConditionLog {
  private cause: string | undefined;

  constructor(
    private readonly logger: BackgroundLogger,
    private readonly subject: string,
  ) {}

  /** `cause` is compared with the last one; `waiting` says what happens next. */
  began(cause: string, waiting: string): void {
    if (cause === this.cause) return;
    this.cause = cause;
    this.logger.warn(`${this.subject}: ${waiting} (${cause})`);
  }

  ended(what: string): void {
    if (this.cause === undefined) return;
    this.cause = undefined;
    this.logger.log(`${this.subject}: ${what}`);
  }
}
