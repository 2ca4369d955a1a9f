import { eventually, ProcessKiller, type ScheduledFault, WorkerCrew, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { isAlive } from '../support/process-alive.js';

let crew: WorkerCrew;
const spawned: WorkerProcess[] = [];
const spawn = async (): Promise<WorkerProcess> => {
  const worker = await WorkerProcess.spawn(compiledProgram('testing/programs/beating-worker'));
  spawned.push(worker);
  return worker;
};
beforeEach(async () => {
  spawned.length = 0;
  crew = await WorkerCrew.start(2, spawn);
});
afterEach(() => crew.stop());

/** Resolves when it says more than it has said. */
const beats = async (worker: WorkerProcess): Promise<void> => {
  const before = worker.messages.length;
  await eventually(() => worker.messages.length > before, { what: 'a beat', everyMs: 2 });
};

describe('a crew', () => {
  it('puts another process in the place of one that it kills', async () => {
    const first = await crew.member(1);
    await crew.replace(1);
    const second = await crew.member(1);
    expect([isAlive(first.pid), isAlive(second.pid), crew.replaced]).toEqual([false, true, 1]);
    expect(await crew.everyone()).toEqual([first, await crew.member(0), second]);
  });

  it('starts again who ended by himself, if it is kept; the control: not before', async () => {
    const first = await crew.member(0);
    first.send({ end: true });
    expect((await first.exit()).code).toBe(5);
    expect(await crew.member(0)).toBe(first);
    crew.keep();
    const second = await eventually(async () => (await crew.member(0)) !== first && crew.member(0), {
      what: 'another',
    });
    await beats(second);
    second.send({ end: true });
    await eventually(() => crew.replaced === 2, { what: 'a third' });
    await beats(await crew.member(0));
  });

  it('leaves nobody behind, paused ones neither', async () => {
    (await crew.member(0)).signal('SIGSTOP');
    await crew.stop();
    expect(spawned.map(({ pid }) => isAlive(pid))).toEqual([false, false]);
  });
});

describe('a process killer', () => {
  const faultsOf = async (seed: number): Promise<ScheduledFault[]> => {
    const faults: ScheduledFault[] = [];
    const onFault = (fault: ScheduledFault): void => void faults.push(fault);
    const options = { seed, everyMs: [1, 5], faults: ['kill', 'pause'], pauseMs: 50, onFault } as const;
    const count = await new ProcessKiller(crew, options).run(8);
    expect(count.kills + count.pauses).toBe(8);
    expect(faults.filter(({ fault }) => fault === 'kill')).toHaveLength(count.kills);
    return faults;
  };

  it('does what its seed says, the same again for the same seed', async () => {
    const first = await faultsOf(3);
    const kills = first.filter(({ fault }) => fault === 'kill').length;
    expect(crew.replaced).toBe(kills);
    expect(await faultsOf(3)).toEqual(first);
  });

  it('leaves all members running', async () => {
    await faultsOf(4);
    for (const index of [0, 1]) await beats(await crew.member(index));
  });

  it('ends when it is told to', async () => {
    const over = new AbortController();
    const killing = new ProcessKiller(crew, { seed: 1, everyMs: [1, 1], onFault: () => over.abort() }).run(
      1_000,
      over.signal,
    );
    expect(await killing).toEqual({ kills: 1, pauses: 0 });
  });
});
