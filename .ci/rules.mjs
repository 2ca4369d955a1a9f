// Checks the directions of the code (.dependency-cruiser.cjs); prints each violation and ends with 1 when there is one.
import { cruise } from 'dependency-cruiser';
import readRules from 'dependency-cruiser/config-utl/extract-depcruise-options';
import readTypeScript from 'dependency-cruiser/config-utl/extract-ts-config';

const rules = await readRules('./.dependency-cruiser.cjs');
const tsConfig = readTypeScript('./tsconfig.base.json');
const { output, exitCode } = await cruise(
  ['libs', 'apps', 'test', 'bench'],
  { ...rules, validate: true, outputType: 'err' },
  undefined,
  { tsConfig },
);
process.stdout.write(output);
process.exitCode = exitCode;
