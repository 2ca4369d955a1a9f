import { type CaseRow, type FaultCase, type FaultFigures, isAsExpected } from './kit/fault-case.js';
import { Lanes } from './kit/lanes.js';

/** Small enough for every run of the suite; `npm run test:faults` has the large ones. */
const SMALL: FaultFigures = {
  seeds: 1,
  seed: Math.floor(Math.random() * 1_000_000),
  kills: 4,
  faultMs: 500,
  messages: 1_000,
  parallel: 3,
  isTimed: false,
  only: '',
};

/** Runs a case once; one test for each of its lines, which have to be these. */
export function describeFaultCase(
  fault: FaultCase,
  lines: readonly string[],
  figures: Partial<FaultFigures> = {},
): void {
  const all = { ...SMALL, ...figures };
  describe(`${fault.name}: ${fault.title}`, () => {
    let rows: readonly CaseRow[] = [];
    beforeAll(async () => {
      rows = await fault.run({ figures: all, lanes: new Lanes(all.parallel), say: () => undefined });
    }, 300_000);

    it('has these lines and no others', () => {
      expect(rows.map(({ what }) => what)).toEqual(lines);
    });

    it.each(lines)(`%s (seed ${all.seed})`, (line) => {
      const row = rows.find(({ what }) => what === line);
      expect(row?.control !== undefined).toBe(line.startsWith('control: '));
      if (row?.control === undefined) expect(row).toMatchObject({ lost: 0, doubled: 0, pending: 0, faults: [] });
      else expect({ ...row, isAsExpected: isAsExpected(row) }).toMatchObject({ isAsExpected: true });
    });
  });
}
