import { AsyncLocalStorage } from 'node:async_hooks';
import { NestedSessionError } from '../db.errors.js';

/** The session that the current flow of code runs in. Knows nothing but whether it still runs. */
export interface SessionScope {
  readonly isOpen: boolean;
}

const scopes = new AsyncLocalStorage<SessionScope>();

/** Runs `work` as part of `scope`: a session opened in it is nested. */
export function inScope<T>(scope: SessionScope, work: () => T): T {
  return scopes.run(scope, work);
}

/** Throws `NestedSessionError` inside a session that has not ended; a flow that merely outlived its session may open another. */
export function requireNoSession(): void {
  if (scopes.getStore()?.isOpen === true) throw new NestedSessionError();
}
