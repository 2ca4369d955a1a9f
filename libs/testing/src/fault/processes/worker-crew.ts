import type { WorkerProcess } from '../../processes/worker-process.js';

/** Some processes of one kind, each started again when it was killed. */
export class WorkerCrew {
  private readonly members: Promise<WorkerProcess>[];
  private readonly past: WorkerProcess[] = [];
  private isStopping = false;
  private isKept = false;

  private constructor(
    size: number,
    private readonly spawn: (member: number) => Promise<WorkerProcess>,
  ) {
    this.members = Array.from({ length: size }, (_, member) => spawn(member));
  }

  /** Resolves when all have started, as `spawn` sees it: there they may be waited for until they are ready. */
  static async start(size: number, spawn: (member: number) => Promise<WorkerProcess>): Promise<WorkerCrew> {
    const crew = new WorkerCrew(size, spawn);
    await Promise.all(crew.members);
    return crew;
  }

  /** From now on whoever ends by himself is started again as well. */
  keep(): void {
    this.isKept = true;
    this.members.forEach((_, index) => void this.watch(index));
  }

  get size(): number {
    return this.members.length;
  }

  /** How many have been followed by another. */
  get replaced(): number {
    return this.past.length;
  }

  /** Everyone who ever was a member, the dead first. */
  async everyone(): Promise<WorkerProcess[]> {
    return [...this.past, ...(await Promise.all(this.members))];
  }

  /** The process that holds the place now. */
  member(index: number): Promise<WorkerProcess> {
    return this.members[index] as Promise<WorkerProcess>;
  }

  /** SIGKILL for the member; resolves when another one is on its way in its place. */
  async replace(index: number): Promise<void> {
    const worker = await this.member(index);
    await worker.kill();
    this.succeed(index, worker);
  }

  /** SIGKILL for all, paused ones too. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const started = await Promise.allSettled(this.members);
    for (const start of started) if (start.status === 'fulfilled') await start.value.kill();
  }

  private async watch(index: number): Promise<void> {
    const worker = await this.member(index).catch(() => undefined);
    await worker?.exit();
    if (worker) this.succeed(index, worker);
  }

  /** Unless somebody has seen it end already. */
  private succeed(index: number, worker: WorkerProcess): void {
    if (this.isStopping || this.past.includes(worker)) return;
    this.past.push(worker);
    const successor = this.spawn(index);
    // whoever asks for the member is told
    successor.catch(() => undefined);
    this.members[index] = successor;
    if (this.isKept) void this.watch(index);
  }
}
