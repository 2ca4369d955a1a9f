/** The part of a terminal or pipe that is written to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const REWRITE = '\r\u001b[2K';

/**
 * One line that always says what happens now: rewritten in place on a terminal; elsewhere a plain line whenever the text
 * asks for attention, and at most every `everyMs` otherwise.
 */
export class LiveLine {
  private writtenAt = Number.NEGATIVE_INFINITY;
  private current = '';

  constructor(
    private readonly out: Output,
    private readonly everyMs = 2_000,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Replaces what the line says. */
  show(text: string): void {
    if (text === this.current) return;
    if (this.out.isTTY) this.out.write(REWRITE + this.fit(text));
    else if (this.now() - this.writtenAt < this.everyMs) return;
    else this.out.write(`${text}\n`);
    this.current = text;
    this.writtenAt = this.now();
  }

  /** Leaves a line that stays, above the live one. */
  say(text: string): void {
    this.out.write(this.out.isTTY ? `${REWRITE}${text}\n${this.fit(this.current)}` : `${text}\n`);
  }

  /** Removes the live line; what was said stays. */
  clear(): void {
    if (this.out.isTTY && this.current !== '') this.out.write(REWRITE);
    this.current = '';
  }

  private fit(text: string): string {
    // a terminal that does not know its width says 0
    return text.slice(0, (this.out.columns || 80) - 1);
  }
}
