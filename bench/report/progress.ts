const CLEAR_LINE = '\r\x1b[2K';

/** Says what is going on: one live line on a terminal, a plain line per finished step elsewhere. */
export interface Progress {
  /** What happens right now; replaced by the next call. */
  live(text: string): void;
  /** A step that is done; stays. */
  done(text: string): void;
  /** Takes the live line away. */
  clear(): void;
}

export function progressOn(out: NodeJS.WriteStream): Progress {
  if (!out.isTTY) {
    return { live: () => undefined, done: (text) => void out.write(`${text}\n`), clear: () => undefined };
  }
  return {
    live: (text) => void out.write(CLEAR_LINE + text.slice(0, Math.max(20, out.columns - 1))),
    done: (text) => void out.write(`${CLEAR_LINE}${text}\n`),
    clear: () => void out.write(CLEAR_LINE),
  };
}
