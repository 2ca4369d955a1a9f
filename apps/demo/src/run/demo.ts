import { audit } from '../audit/auditor.js';
import { badMessages, type EntryFields, invalidRequests } from '../client/bad-messages.js';
import { eachOf } from '../client/each-of.js';
import { LedgerClient } from '../client/ledger-client.js';
import type { DemoOptions } from '../options/demo.options.js';
import { TRANSFERS } from '../plan/ledger.names.js';
import { planTransfers, sendOnce, type TransferPlan } from '../plan/transfer-plan.js';
import { Crew } from '../processes/crew.js';
import type { LedgerProcess } from '../processes/ledger-process.js';
import type { LiveLine } from '../progress/live-line.js';
import { Monitor, StalledError } from '../progress/monitor.js';
import { persistently } from '../stage/persistently.js';
import { discardLogs, openStage, type Stage } from '../stage/stage.js';
import { UndoStack } from '../stage/undo-stack.js';
import { Disturbances } from './disturbances.js';
import { collectEvidence } from './evidence.js';
import { Interrupted } from './interrupted.js';
import { type RunFigures, verdict } from './verdict.js';
import { sumCounter } from './worker-counters.js';

const IN_FLIGHT = 48;

/** One run, from no servers to the auditor's verdict, which it says on `line`. True when every invariant holds. */
export async function runDemo(options: DemoOptions, line: LiveLine, abort: AbortController): Promise<boolean> {
  const undo = new UndoStack();
  let tell = (news: string): void => line.say(`  ${news}`);
  try {
    line.show('finding or starting MySQL and Redis');
    const stage = await openStage(undo, (news) => tell(news));
    undo.push(() => abort.signal.reason instanceof Interrupted && discardLogs(stage));
    tell(`logs of the processes: ${stage.logs}`);
    abort.signal.throwIfAborted();
    const monitor = startMonitor(stage, options, line, undo);
    tell = (news) => monitor.tell(news);
    const isSound = await new DemoRun(options, stage, monitor, abort, undo).perform((text) => line.say(text));
    await monitor.stop();
    if (isSound) await discardLogs(stage);
    return isSound;
  } finally {
    line.show('stopping');
    await undo.undoAll();
    line.clear();
  }
}

function startMonitor(stage: Stage, { transfers }: DemoOptions, line: LiveLine, undo: UndoStack): Monitor {
  const monitor = new Monitor({ ...stage, stream: `${stage.prefix}${TRANSFERS}`, total: transfers, line });
  monitor.start();
  undo.push(() => monitor.stop());
  return monitor;
}

/** The acts of a run, in order. */
class DemoRun {
  private readonly crew: Crew;
  private readonly workerUrls: string[] = [];

  constructor(
    private readonly options: DemoOptions,
    private readonly stage: Stage,
    private readonly monitor: Monitor,
    private readonly abort: AbortController,
    undo: UndoStack,
  ) {
    this.crew = new Crew(stage, undo, (error) => abort.abort(error));
  }

  async perform(print: (text: string) => void): Promise<boolean> {
    const { transfers, sabotage } = this.options;
    // the negative control is about one fault only
    const plan = sabotage ? sendOnce(planTransfers(transfers)) : planTransfers(transfers);
    const bad = sabotage ? [] : badMessages(plan);
    const { client, saboteur } = await this.open(plan);
    const startedAt = performance.now();
    await this.send(plan, bad, client, saboteur);
    await this.untilFinished();
    const seconds = (performance.now() - startedAt) / 1_000;
    this.monitor.enter('auditing');
    const evidence = await persistently(() => collectEvidence(this.stage, plan, bad), this.abort.signal);
    const figures: RunFigures = {
      seconds,
      repeatedRequests: client.retries,
      redelivered: await sumCounter(this.workerUrls, 'ledger_redeliveries_total'),
    };
    const findings = audit(evidence);
    print(verdict(evidence, findings, figures));
    return findings.broken.length === 0;
  }

  /** Migrates, starts the processes and opens the accounts. */
  private async open(plan: TransferPlan): Promise<{ client: LedgerClient; saboteur: LedgerProcess | undefined }> {
    const { workers, sabotage } = this.options;
    this.monitor.enter('migrating');
    await persistently(() => this.crew.migrate(), this.abort.signal);
    this.monitor.enter(`starting the API and ${workers} workers`);
    const honest = Array.from({ length: sabotage ? workers - 1 : workers }, () => this.crew.startWorker());
    const [api, ...workerUrls] = await Promise.all([this.crew.startApi(), ...honest]);
    const client = new LedgerClient(api, this.abort.signal);
    this.workerUrls.push(...workerUrls);
    const saboteur = sabotage ? await this.crew.startSaboteur() : undefined;
    this.monitor.enter('opening accounts');
    await eachOf(plan.accounts, IN_FLIGHT, (account) => client.openAccount(account, plan.opening));
    return { client, saboteur };
  }

  private async send(
    plan: TransferPlan,
    bad: readonly EntryFields[],
    client: LedgerClient,
    saboteur: LedgerProcess | undefined,
  ): Promise<void> {
    const { monitor, crew, stage } = this;
    const tell = (news: string): void => monitor.tell(news);
    const disturbances = new Disturbances(this.options, { servers: stage.servers, crew, saboteur, tell }, (error) => {
      this.abort.abort(error);
    });
    monitor.enter('sending');
    const requests = eachOf(plan.transfers, IN_FLIGHT, async (transfer) => {
      await client.transfer(transfer);
      monitor.accepted += 1;
      disturbances.reached(monitor.accepted);
    });
    await Promise.all([requests, this.misbehave(plan, bad, client)]);
    monitor.enter('finishing');
    await disturbances.settled();
  }

  /** What clients and producers do wrong, among the good transfers. */
  private async misbehave(plan: TransferPlan, bad: readonly EntryFields[], client: LedgerClient): Promise<void> {
    for (const [field, body] of invalidRequests(plan)) await client.refused(field, body);
    const stream = `${this.stage.prefix}${TRANSFERS}`;
    for (const fields of bad) {
      await persistently(() => this.stage.redis.xadd(stream, '*', ...fields), this.abort.signal);
    }
  }

  /** A run that cannot be finished is audited as it is: the auditor says what is missing. */
  private async untilFinished(): Promise<void> {
    try {
      await this.monitor.untilFinished(this.abort.signal);
    } catch (error) {
      if (!(error instanceof StalledError)) throw error;
      this.monitor.tell(error.message);
    }
  }
}
