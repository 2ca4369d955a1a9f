/** What a command speaks to, and the exit code of the process. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  exitCode: number;
}

/** What exit codes mean. */
export const EXIT = { ok: 0, failed: 1, usage: 2, pending: 3 } as const;
