import { fileURLToPath } from 'node:url';

/** Path of a program below `test/` (`testing/programs/hold-servers`) as `npm test` has compiled it, for a process of its own. */
export function compiledProgram(name: string): string {
  return fileURLToPath(new URL(`../../dist/test/${name}.js`, import.meta.url));
}
