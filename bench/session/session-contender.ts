/** What a contender is given. */
export interface SessionSetup {
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  /** Sessions at once; the size of the connection pool too. */
  readonly concurrency: number;
}

/** One transaction that adds 1 to the balance of an account; `lane` is which of the sessions at once it is, from 0. */
export type Session = (account: number, lane: number) => Promise<void>;

/** A contender's module: connects, and says what a session is. */
export interface SessionModule {
  open(setup: SessionSetup): Promise<Session>;
}

export const ADD_ONE = 'UPDATE accounts SET balance = balance + 1 WHERE id = ?';
