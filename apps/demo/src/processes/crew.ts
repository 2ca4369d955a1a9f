import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stage } from '../stage/stage.js';
import type { UndoStack } from '../stage/undo-stack.js';
import { LedgerProcess } from './ledger-process.js';

const APPS = join(import.meta.dirname, '..', '..');
const LEDGER = join(APPS, 'ledger', 'main.js');
const MIGRATE = join(APPS, 'ledger', 'migrate.js');
const SABOTEUR = join(APPS, 'demo', 'sabotage', 'ack-before-commit.worker.js');

const run = promisify(execFile);

/** The processes of one run. */
export class Crew {
  private readonly workers: LedgerProcess[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly undo: UndoStack,
    private readonly onUnexpectedEnd: (error: Error) => void,
  ) {}

  /** Brings the database to the newest version. */
  async migrate(): Promise<void> {
    await run(process.execPath, [MIGRATE], { env: { ...process.env, ...this.stage.env } });
  }

  /** Answers the URL of the API. */
  startApi(): Promise<string> {
    return this.start('api', LEDGER, { LEDGER_ROLE: 'api' }).saying('url');
  }

  /** Answers the URL of the worker's metrics. */
  async startWorker(): Promise<string> {
    const worker = this.start(`worker ${this.workers.length + 1}`, LEDGER, { LEDGER_ROLE: 'worker' });
    this.workers.push(worker);
    return worker.saying('url');
  }

  /** A worker of the negative control: it acknowledges before it commits. */
  async startSaboteur(): Promise<LedgerProcess> {
    const saboteur = this.start(`worker ${this.workers.length + 1}`, SABOTEUR);
    this.workers.push(saboteur);
    await saboteur.saying('ready');
    return saboteur;
  }

  /** SIGKILL for the worker that came last; answers its name. */
  async killLastWorker(): Promise<string> {
    const worker = this.workers.at(-1);
    await worker?.kill();
    return worker?.name ?? 'no worker';
  }

  private start(name: string, script: string, env: Readonly<Record<string, string>> = {}): LedgerProcess {
    const { stage, onUnexpectedEnd } = this;
    const started = LedgerProcess.start({
      name,
      script,
      env: { ...process.env, ...stage.env, LEDGER_PORT: '0', NO_COLOR: '1', ...env },
      logFile: join(stage.logs, `${name.replace(' ', '-')}.log`),
      onUnexpectedEnd,
    });
    this.undo.push(() => started.stop());
    return started;
  }
}
