import { join } from 'node:path';
import type { BenchPlace, Case, Contender, Figure, Run } from '../benchmarks/benchmark.js';
import type { Measured } from '../report/measured.js';
import type { Progress } from '../report/progress.js';
import type { Plan } from './plan.js';

/** A B C A B C: every contender once in each round, so that a machine that grows slower slows all of them. */
export async function measureRounds(plan: Plan, place: BenchPlace, progress: Progress): Promise<Measured[]> {
  const { cases, runs } = plan;
  const all: Measured[] = [];
  const turns = cases.reduce((sum, circumstance) => sum + runs * contendersIn(plan, circumstance).length, 0);
  let finished = 0;
  for (const circumstance of cases) {
    const contenders = contendersIn(plan, circumstance);
    const byContender = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
    for (let round = 1; round <= runs; round++) {
      for (const contender of contenders) {
        const share = finished++ / turns;
        byContender.get(contender)?.push(await once({ plan, place, progress, circumstance, contender, round, share }));
      }
    }
    all.push({ case: circumstance, byContender });
  }
  progress.clear();
  return all;
}

function contendersIn({ contenders }: Plan, { key }: Case): readonly Contender[] {
  return contenders.filter(({ cases }) => cases?.includes(key) ?? true);
}

interface Turn {
  readonly plan: Plan;
  readonly place: BenchPlace;
  readonly progress: Progress;
  readonly circumstance: Case;
  readonly contender: Contender;
  readonly round: number;
  /** Of all the runs, how much lies behind. */
  readonly share: number;
}

async function once({ plan, place, progress, circumstance, contender, round, share }: Turn): Promise<Run> {
  const { benchmark, runs, profileDir } = plan;
  const size = plan.size * (circumstance.times ?? 1);
  const label = `${circumstance.key}  round ${round}/${runs}  ${contender.title}`;
  progress.live(`${label}  starts`, share);
  const run = await benchmark.run(
    {
      contender,
      case: circumstance,
      size,
      profile: profileDir && join(profileDir, `${contender.key}-${circumstance.key}-${round}.cpuprofile`),
      onProgress: (done) => progress.live(`${label}  ${done}/${size}`, share),
    },
    place,
  );
  progress.done(`${label}  ${shown(benchmark.figures, run)}`);
  return run;
}

/** The compared figures of a run; where it shows none, all that it shows. */
function shown(figures: readonly Figure[], run: Run): string {
  const visible = figures.filter(({ key }) => run.figures[key] !== undefined);
  const compared = visible.filter((figure) => figure.compared);
  const chosen = compared.length > 0 ? compared : visible;
  return chosen.map(({ key, title, digits }) => `${run.figures[key]?.toFixed(digits)} ${title}`).join(', ');
}
