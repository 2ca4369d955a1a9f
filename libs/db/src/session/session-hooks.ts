/** Work to be done once the session has ended. */
export type SessionHook = () => void | Promise<void>;

/** A place in the lists of hooks, taken when a savepoint starts. */
export interface HookMark {
  readonly committed: number;
  readonly rolledBack: number;
}

/**
 * What the callback asked to be done after its session. Hooks follow the rows they belong to: undoing a savepoint drops what
 * was to follow its commit and keeps what was to follow its undoing, whatever the session's own end.
 */
export class SessionHooks {
  private readonly committed: SessionHook[] = [];
  private readonly rolledBack: SessionHook[] = [];
  private readonly undone: SessionHook[] = [];

  afterCommit(hook: SessionHook): void {
    this.committed.push(hook);
  }

  afterRollback(hook: SessionHook): void {
    this.rolledBack.push(hook);
  }

  mark(): HookMark {
    return { committed: this.committed.length, rolledBack: this.rolledBack.length };
  }

  undoTo(mark: HookMark): void {
    this.committed.length = mark.committed;
    this.undone.push(...this.rolledBack.splice(mark.rolledBack));
  }

  get isEmpty(): boolean {
    return this.committed.length + this.rolledBack.length + this.undone.length === 0;
  }

  /** Runs the hooks of the outcome in the order they were added. One that fails is reported and stops no other. */
  async run(outcome: 'committed' | 'rolled_back' | 'unknown', onError: (error: unknown) => void): Promise<void> {
    const due = outcome === 'committed' ? this.committed : outcome === 'rolled_back' ? this.rolledBack : [];
    for (const hook of [...this.undone, ...due]) {
      try {
        await hook();
      } catch (error) {
        onError(error);
      }
    }
  }
}
