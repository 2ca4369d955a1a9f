import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { type FailpointAction, failpoint, HistoryRecorder } from '@safesync/testing';
import { createPool } from 'mysql2/promise';
import { book, type FaultHandler, faultApplication } from '../kit/fault-application.js';
import { writeTransactions } from '../kit/outbox-writer.js';
import { misbehave } from '../kit/poison.js';
import { transfer } from '../kit/wallets.js';
import type {
  MeasureRequest,
  PointAction,
  PointSettings,
  WorkerReport,
  WorkerSettings,
} from '../kit/worker-settings.js';

const BEAT_MS = 50;

const settings = JSON.parse(process.argv[2] as string) as WorkerSettings;
const tell = (report: WorkerReport): void => void process.send?.(report);
const history = settings.historyFile === undefined ? undefined : new HistoryRecorder(settings.historyFile);
const beside = settings.effects === 'beside' ? createPool(settings.databaseUrl) : undefined;

const handle: FaultHandler = async (message, session) => {
  history?.record('handle', message.entryId, 'invoke');
  if (settings.effects === 'none') return;
  if (message.payload.poison !== undefined) await misbehave(message.payload.poison, session);
  if (settings.workMs !== undefined) await sleep(settings.workMs);
  if (settings.effects === 'transfer') await transfer(message.payload, session);
  if (beside) await beside.query('INSERT INTO effects (n) VALUES (?)', [message.payload.n]);
  if (beside) await session.execute('UPDATE account SET balance = balance WHERE id = 0');
  else await book(message, session);
};

function arm({ matching, following, action, ...point }: PointSettings): void {
  const place = { ...point, matching: new RegExp(matching, 's'), action: actionOf(action) };
  if (following === undefined) failpoint(place);
  else
    failpoint({
      driver: 'mysql',
      when: 'after',
      matching: new RegExp(following, 's'),
      ...(point.nth === undefined ? {} : { nth: point.nth }),
      action: () => void failpoint({ ...place, nth: 1 }),
    });
}

function actionOf(action: PointAction): FailpointAction {
  if (action === 'kill') return 'kill';
  return () => {
    tell({ atPoint: true });
    return ACTIONS[action]();
  };
}

const ACTIONS: Readonly<Record<Exclude<PointAction, 'kill'>, () => void | Promise<void>>> = {
  wait: async () => void (await once(process, 'message')),
  pause: () => void process.kill(process.pid, 'SIGSTOP'),
  block: () => {
    // nothing else of this process runs meanwhile
    while (!existsSync(settings.releaseFile ?? '/'));
  },
};

setInterval(() => tell({ alive: performance.now() }), BEAT_MS);

/** Started with --expose-gc: what is garbage does not count, and what the allocator keeps for later neither. */
function measured({ measure }: MeasureRequest): WorkerReport {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { measure, heldBytes: heapUsed + external };
}

process.on('message', (request: Partial<MeasureRequest>) => {
  if (request.measure !== undefined) tell(measured({ measure: request.measure }));
});
if (settings.point) arm(settings.point);
const app = await NestFactory.createApplicationContext(faultApplication(settings, handle), { logger: ['error'] });
app.enableShutdownHooks();
tell({ ready: true });
if (settings.writes) await writeTransactions(app, settings.handler.stream, settings.writes);
