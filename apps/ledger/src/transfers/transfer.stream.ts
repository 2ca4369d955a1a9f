/** Carries every accepted transfer; each group below sees all of them. */
export const TRANSFERS = 'transfers';

/** A worker that dies is noticed after 4 s of silence, and its messages are taken over within another second. */
export const FAST_TAKEOVER = { livenessMs: 4_000, claimIntervalMs: 1_000 } as const;
