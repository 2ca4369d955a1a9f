/** What must be undone at the end, last thing first; one failing step does not keep the others from their turn. */
export class UndoStack {
  private readonly steps: (() => unknown)[] = [];

  push(undo: () => unknown): void {
    this.steps.push(undo);
  }

  async undoAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let undo = this.steps.pop(); undo; undo = this.steps.pop()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be put away.');
  }
}
