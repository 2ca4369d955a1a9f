import { AsyncLocalStorage } from 'node:async_hooks';
import { NestedSessionError } from '../db.errors.js';
import type { SessionConnection } from './session-connection.js';

/** The session, or the direct connection, that the current flow of code runs in. Knows nothing but whether it still runs. */
export interface SessionScope {
  readonly isOpen: boolean;
  /** False for a direct connection, on which nothing can be rolled back by us. */
  readonly hasTransaction: boolean;
  readonly connection: SessionConnection;
  /** The open scope that this one was opened in. */
  readonly outer: SessionScope | undefined;
}

const scopes = new AsyncLocalStorage<SessionScope | undefined>();

/** Runs `work` as part of `scope`: a session opened in it is nested. */
export function inScope<T>(scope: SessionScope, work: () => T): T {
  return scopes.run(scope, work);
}

/** Runs `work` as part of no scope: it neither belongs to the session whose flow it happens to start in, nor is waited for there. */
export function outOfScope<T>(work: () => T): T {
  return scopes.run(undefined, work);
}

/** The innermost scope of the current flow; undefined where there is none that has not ended. */
export function openScope(): SessionScope | undefined {
  let scope = scopes.getStore();
  while (scope !== undefined && !scope.isOpen) scope = scope.outer;
  return scope;
}

/**
 * True where code runs in a session that has not ended: what it does beside the session (send, publish, write elsewhere) stays
 * done if the session rolls back. False in direct connections, in hooks after the end, and in flows that outlived their session.
 */
export function isInSession(): boolean {
  let scope = scopes.getStore();
  while (scope !== undefined && !(scope.isOpen && scope.hasTransaction)) scope = scope.outer;
  return scope !== undefined;
}

/** Throws `NestedSessionError` inside a session that has not ended; a flow that merely outlived its session may open another. */
export function requireNoSession(): void {
  if (openScope() !== undefined) throw new NestedSessionError();
}
