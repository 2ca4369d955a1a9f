import { WorkerProcess } from '@safesync/testing';

/** Starts the program given as a worker of its own, tells its process, and stays. */
const worker = await WorkerProcess.spawn(process.argv[2] ?? '');
await worker.line('ready');
process.send?.({ worker: worker.pid });
setInterval(() => undefined, 60_000);
