import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, NotInTimeError, WorkerEndedError, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { isAlive } from '../support/process-alive.js';

describe('worker process', () => {
  let folder: string;
  const workers: WorkerProcess[] = [];
  const program = (source: string): string => {
    const path = join(folder, 'program.mjs');
    writeFileSync(path, source);
    return path;
  };
  const spawn = async (...parameters: Parameters<typeof WorkerProcess.spawn>): Promise<WorkerProcess> => {
    const worker = await WorkerProcess.spawn(...parameters);
    workers.push(worker);
    return worker;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'safesync-worker-'));
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    rmSync(folder, { recursive: true });
  });

  it('runs a program with arguments and environment, and hands on its lines and messages', async () => {
    const source = `console.log('hello', process.argv[2]); console.error(process.env.ROLE);
      process.on('message', ({ n }) => { process.send({ twice: 2 * n }); process.disconnect(); });`;
    const worker = await spawn(program(source), { args: ['you'], env: { ROLE: 'worker 7' } });
    expect(await worker.line('hello')).toBe('hello you');
    expect(await worker.line(/^worker \d$/)).toBe('worker 7');
    worker.send({ n: 21 });
    const isAnswer = (message: unknown): message is { twice: number } => Object.hasOwn(message as object, 'twice');
    expect(await worker.message(isAnswer, 'answer')).toEqual({ twice: 42 });
  });

  it('ends by itself when it has nothing left to do', async () => {
    await (await spawn(program("console.log('done')"))).success();
  });

  it('is killed at once, and says by what', async () => {
    const worker = await spawn(
      program("setInterval(() => {}, 1000); process.on('SIGTERM', () => {}); console.log('ready')"),
    );
    await worker.line('ready');
    expect(await worker.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(worker.isRunning).toBe(false);
  });

  it('says how it ended, and its last words, to whoever waits for something else', async () => {
    const worker = await spawn(program("console.error('no such table'); process.exitCode = 3;"));
    await expect(worker.line('ready')).rejects.toThrow(WorkerEndedError);
    await expect(worker.success()).rejects.toThrow(
      /program\.mjs ended with exit code 3; awaited: exit code 0\..*no such table/s,
    );
  });

  it('names the line that did not come in time', async () => {
    const worker = await spawn(program('setInterval(() => {}, 1000);'));
    const line = worker.line('ready', 50);
    await expect(line).rejects.toThrow(NotInTimeError);
    await expect(line).rejects.toThrow(/line ready of .*program\.mjs: not within 50 ms/);
  });

  it('may fork processes of its own, whose input is another matter', async () => {
    const source = `import { fork } from 'node:child_process';
      if (process.argv[2] === 'child') setTimeout(() => console.log('child lives'), 50);
      else fork(process.argv[1], ['child'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });`;
    const worker = await spawn(program(source));
    await worker.line('child lives');
    await worker.success();
  });

  it('does not outlive the process that started it, even one killed by SIGKILL', async () => {
    const held = program("console.log('ready'); setInterval(() => {}, 1000);");
    const holder = await spawn(compiledProgram('testing/programs/hold-worker'), { args: [held] });
    const isHeld = (message: unknown): message is { worker: number } => Object.hasOwn(message as object, 'worker');
    const { worker } = await holder.message(isHeld, 'worker');
    expect(isAlive(worker)).toBe(true);
    await holder.kill('SIGKILL');
    await eventually(() => !isAlive(worker), { what: 'end of the worker' });
  });
});
