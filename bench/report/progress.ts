const CLEAR_LINE = '\r\x1b[2K';
const BAR = 24;

/** Says what is going on: one live line with a bar on a terminal, a plain line per finished step elsewhere. */
export interface Progress {
  /** What happens right now, replaced by the next call; `share` of the whole lies behind, 0 to 1. */
  live(text: string, share: number): void;
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
    live: (text, share) => void out.write(CLEAR_LINE + `${bar(share)} ${text}`.slice(0, Math.max(20, out.columns - 1))),
    done: (text) => void out.write(`${CLEAR_LINE}${text}\n`),
    clear: () => void out.write(CLEAR_LINE),
  };
}

function bar(share: number): string {
  const full = Math.round(share * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${Math.round(share * 100)} %`;
}
