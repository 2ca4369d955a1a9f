import type { BenchResult, GoalResult } from '../benchmarks/benchmark.js';
import type { TransferContender, TransferRun } from '../transfer/transfer-run.js';
import { ratioByRound, type Spread, spread } from './statistics.js';
import { textTable } from './text-table.js';

/** Rounds of runs by contender, for one concurrency. */
export interface StreamRuns {
  readonly concurrency: number;
  readonly messages: number;
  readonly byContender: ReadonlyMap<TransferContender, readonly TransferRun[]>;
}

/** The contender whose speed the goals are about. */
export const OURS = 'safesync';

interface Goal {
  readonly id: string;
  readonly concurrency: number;
  readonly against: string;
  readonly atLeast: number;
}

const GOALS: readonly Goal[] = [
  { id: 'stream.c8.handWritten', concurrency: 8, against: 'handWritten', atLeast: 0.9 },
  { id: 'stream.c8.typeorm', concurrency: 8, against: 'typeorm', atLeast: 1.1 },
];

const HEADER = [
  'contender',
  'messages/s',
  'min..max',
  'ours / it',
  'min..max',
  'node us',
  'mysqld us',
  'redis us',
  'statements',
  'commands',
];

/** Tables and closing line of the stream benchmark. Each ratio is a median of the ratios of single rounds. */
export function streamReport(all: readonly StreamRuns[]): BenchResult {
  const ratios = Object.fromEntries(all.map((runs) => [`c${runs.concurrency}`, ratiosOf(runs)]));
  const perMessage = Object.fromEntries(all.map((runs) => [`c${runs.concurrency}`, costsOf(runs)]));
  const goals = goalsOf(ratios);
  const parts = [...all.map((runs) => tableOf(runs)), goals.map(goalLine).join('\n')];
  return { summary: { name: 'stream', ratios, perMessage, goals }, text: parts.filter(Boolean).join('\n\n') };
}

function goalsOf(ratios: Readonly<Record<string, Readonly<Record<string, number>>>>): GoalResult[] {
  return GOALS.flatMap(({ id, concurrency, against, atLeast }) => {
    const value = ratios[`c${concurrency}`]?.[against];
    return value === undefined ? [] : [{ id, value, goal: atLeast, met: value >= atLeast }];
  });
}

function goalLine({ id, value, goal, met }: GoalResult): string {
  return `${met ? 'met    ' : 'NOT MET'}  ${id}: ${value.toFixed(2)} (goal: at least ${goal.toFixed(2)})`;
}

function ratiosOf({ byContender }: StreamRuns): Record<string, number> {
  const ours = speeds([...byContender].find(([contender]) => contender.key === OURS)?.[1] ?? []);
  const others = [...byContender].filter(([contender]) => contender.key !== OURS && ours.length > 0);
  return Object.fromEntries(
    others.map(([contender, runs]) => [contender.key, round(ratioByRound(ours, speeds(runs)).median, 3)]),
  );
}

function costsOf({ byContender, messages }: StreamRuns): Record<string, unknown> {
  return Object.fromEntries([...byContender].map(([contender, runs]) => [contender.key, costOf(runs, messages)]));
}

function costOf(runs: readonly TransferRun[], messages: number): Record<string, unknown> {
  const last = runs.at(-1);
  const each = (calls: Readonly<Record<string, number>> = {}): Record<string, number> =>
    Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, round(count / messages, 3)]));
  return {
    messagesPerSecond: round(medianOf(runs, (run) => run.messagesPerSecond) ?? 0, 0),
    nodeUs: medianOf(runs, (run) => run.nodeUs),
    mysqlUs: medianOf(runs, (run) => run.mysqlUs),
    redisUs: medianOf(runs, (run) => run.redisUs),
    statements: medianOf(runs, (run) => run.statements, 2),
    commands: medianOf(runs, (run) => run.commands, 2),
    sqlCalls: each(last?.sql),
    redisCalls: each(last?.redis),
  };
}

function tableOf({ concurrency, messages, byContender }: StreamRuns): string {
  const ours = speeds([...byContender].find(([contender]) => contender.key === OURS)?.[1] ?? []);
  const rows = [...byContender].map(([contender, runs]) => {
    const speed = spread(speeds(runs));
    const against = contender.key === OURS || ours.length === 0 ? undefined : ratioByRound(ours, speeds(runs));
    return [contender.title, speed.median.toFixed(0), range(speed, 0), ...ratioCells(against), ...costCells(runs)];
  });
  const rounds = speeds([...byContender.values()][0] ?? []).length;
  return `c=${concurrency}: medians of ${rounds} rounds of ${messages} messages\n${textTable([HEADER, ...rows])}`;
}

function ratioCells(ratio: Spread | undefined): string[] {
  return ratio ? [ratio.median.toFixed(2), range(ratio, 2)] : ['', ''];
}

function costCells(runs: readonly TransferRun[]): string[] {
  const cpu = [(run: TransferRun) => run.nodeUs, (run: TransferRun) => run.mysqlUs, (run: TransferRun) => run.redisUs];
  const calls = [(run: TransferRun) => run.statements, (run: TransferRun) => run.commands];
  return [
    ...cpu.map((of) => medianOf(runs, of)?.toFixed(0) ?? ''),
    ...calls.map((of) => medianOf(runs, of, 2)?.toFixed(2) ?? ''),
  ];
}

function speeds(runs: readonly TransferRun[]): number[] {
  return runs.map((run) => run.messagesPerSecond);
}

function medianOf(
  runs: readonly TransferRun[],
  of: (run: TransferRun) => number | undefined,
  digits = 0,
): number | undefined {
  const values = runs.map(of).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : round(spread(values).median, digits);
}

function range({ min, max }: Spread, digits: number): string {
  return `${min.toFixed(digits)}..${max.toFixed(digits)}`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
