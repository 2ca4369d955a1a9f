import { UndoStack } from './undo-stack.js';

describe('UndoStack', () => {
  it('undoes the last thing first, and nothing twice', async () => {
    const undone: string[] = [];
    const undo = new UndoStack();
    for (const name of ['servers', 'database', 'pool']) undo.push(async () => undone.push(name));
    await undo.undoAll();
    await undo.undoAll();
    expect(undone).toEqual(['pool', 'database', 'servers']);
  });

  it('goes on after a step that failed, and tells afterwards', async () => {
    const undone: string[] = [];
    const undo = new UndoStack();
    undo.push(() => undone.push('servers'));
    undo.push(() => Promise.reject(new Error('no database')));
    await expect(undo.undoAll()).rejects.toMatchObject({ errors: [new Error('no database')] });
    expect(undone).toEqual(['servers']);
  });
});
