/** The names of the ledger that an outsider meets in Redis. */
export const TRANSFERS = 'transfers';
export const DEAD = `${TRANSFERS}:dead`;
export const GROUPS = ['booking', 'review'] as const;

/** Money sent from one account above which the ledger opens a review case, in cents. */
export const REVIEW_THRESHOLD = 250_000n;
