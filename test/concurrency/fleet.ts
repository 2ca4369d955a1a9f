import { WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import type { Arena, ScenarioName } from './scenarios.js';
import type { Answer, Order } from './worker-contender.js';

const READY_WITHIN_MS = 60_000;
/** Far more than any scenario takes: only a hang should end one. */
export const DONE_WITHIN_MS = 240_000;

function setting(name: string, otherwise: number): number {
  return Number(process.env[name] ?? otherwise);
}

/** How much competes; the environment may ask for more than two cores can bear. */
export const PROCESSES = setting('SAFESYNC_CONCURRENCY_PROCESSES', 8);
export const OPS = setting('SAFESYNC_CONCURRENCY_OPS', 25);
export const INCREMENTS = setting('SAFESYNC_CONCURRENCY_INCREMENTS', 1_000);

/** Processes that compete in one scenario after another, each with a pool of its own. */
export class Fleet {
  private round = 0;

  private constructor(private readonly workers: readonly WorkerProcess[]) {}

  static async launch(url: string, size: number = PROCESSES): Promise<Fleet> {
    const program = compiledProgram('concurrency/worker-contender');
    const workers = await Promise.all(
      Array.from({ length: size }, () => WorkerProcess.spawn(program, { args: [url] })),
    );
    const fleet = new Fleet(workers);
    await fleet.all('ready', READY_WITHIN_MS);
    return fleet;
  }

  get size(): number {
    return this.workers.length;
  }

  /** Runs the scenario in all processes, none before all are ready; rejects with what any of them failed with. */
  async compete(prepare: ScenarioName, arena: Arena): Promise<void> {
    this.round += 1;
    this.send({ prepare, arena });
    await this.all('ready', READY_WITHIN_MS);
    this.send({ start: this.round });
    await this.all('done', DONE_WITHIN_MS);
  }

  async disband(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
  }

  private send(order: Order): void {
    for (const worker of this.workers) worker.send(order);
  }

  private async all(state: 'ready' | 'done', withinMs: number): Promise<void> {
    const { round } = this;
    const isAnswer = (message: unknown): message is Answer => {
      const answer = message as Answer;
      return answer.round === round && (answer.state === state || answer.state === 'failed');
    };
    const what = `"${state}" in round ${round}`;
    const answers = await Promise.all(this.workers.map((worker) => worker.message(isAnswer, what, withinMs)));
    const failed = answers.filter(({ error }) => error !== undefined);
    if (failed.length > 0) throw new Error(`${failed.length} contenders failed: ${failed[0]?.error}`);
  }
}
