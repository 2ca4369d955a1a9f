import { PauseSwitch } from './pause-switch.js';

describe('PauseSwitch', () => {
  const did: string[] = [];
  const make = (): PauseSwitch =>
    new PauseSwitch({
      stream: { stream: 's', group: 'g', interrupt: () => undefined },
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      giveBack: () => did.push('gave back'),
      goOn: () => did.push('went on'),
    });
  beforeEach(() => did.splice(0));

  it('follows what its looks are answered', () => {
    const pause = make();
    pause.look()(true);
    expect([pause.isPaused, did]).toEqual([true, ['gave back']]);
    pause.look()(false);
    expect([pause.isPaused, did]).toEqual([false, ['gave back', 'went on']]);
  });

  it.each([true, false])('told %s, it passes over the answer to a look that was on its way', (told) => {
    const pause = make();
    pause.tell(!told);
    const answer = pause.look();
    pause.tell(told);
    did.splice(0);
    answer(!told);
    expect([pause.isPaused, did]).toEqual([told, []]);
    pause.look()(!told);
    expect(pause.isPaused).toBe(!told);
  });

  it('gives back each time that it is paused, also what came by a look before', () => {
    const pause = make();
    pause.tell(true);
    pause.look()(true);
    expect(did).toEqual(['gave back', 'gave back']);
  });
});
