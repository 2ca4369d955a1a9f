import { withDeadline } from '@safesync/core';
import type { ManagedServer } from '@safesync/testing';
import type { DemoOptions } from '../options/demo.options.js';
import type { Crew } from '../processes/crew.js';
import type { LedgerProcess } from '../processes/ledger-process.js';
import type { Stage } from '../stage/stage.js';

const SABOTAGE_MS = 30_000;

/** Something bad that is done to the run once so many transfers were accepted. */
interface Disturbance {
  readonly at: number;
  readonly act: () => Promise<void>;
}

export interface Scene {
  readonly servers: Stage['servers'];
  readonly crew: Crew;
  readonly saboteur: LedgerProcess | undefined;
  readonly tell: (news: string) => void;
}

/** Does to a running ledger what its options ask for, each thing once and at its time. */
export class Disturbances {
  private readonly waiting: Disturbance[];
  private readonly begun: Promise<void>[] = [];

  constructor(
    private readonly options: DemoOptions,
    private readonly scene: Scene,
    /** Told about one that could not be done. */
    private readonly onFailure: (error: unknown) => void,
  ) {
    const { transfers, killMysql, killRedis } = options;
    const { mysql, redis } = scene.servers;
    this.waiting = [
      ...(killMysql && mysql ? [{ at: transfers / 4, act: () => this.killServer('MySQL', mysql) }] : []),
      { at: transfers / 2, act: () => this.killWorker() },
      ...(killRedis && redis ? [{ at: (3 * transfers) / 4, act: () => this.killServer('Redis', redis) }] : []),
    ];
  }

  /** Tells how many transfers have been accepted. */
  reached(accepted: number): void {
    while (this.waiting[0] && this.waiting[0].at <= accepted) {
      const next = this.waiting.shift();
      if (next) this.begun.push(next.act().catch(this.onFailure));
    }
  }

  /** Resolves when everything that was begun is done, or failed. */
  async settled(): Promise<void> {
    await Promise.all(this.begun);
  }

  private async killServer(name: string, server: ManagedServer): Promise<void> {
    this.scene.tell(`kill -9 for ${name}`);
    await server.kill();
  }

  private async killWorker(): Promise<void> {
    const { crew, saboteur, tell } = this.scene;
    // the saboteur stops between its acknowledgement and its commit, and waits there for its end
    if (saboteur) {
      saboteur.tell('pause after the next acknowledgement');
      const idle = (): Error => new Error(`${saboteur.name} got no message to lose within ${SABOTAGE_MS / 1_000} s.`);
      await withDeadline(saboteur.saying('acknowledged'), SABOTAGE_MS, idle);
    }
    const name = await crew.killLastWorker();
    const where = saboteur ? ' between its acknowledgement and its commit' : '';
    tell(`kill -9 for ${name}${where}; the others go on`);
    if (this.options.workers === 1) await crew.startWorker();
  }
}
