import { fileURLToPath } from 'node:url';

/** Path of a program below `test/` (`testing/programs/hold-servers`) as `npm test` has compiled it, for a process of its own. */
export function compiledProgram(name: string): string {
  // whoever asks may be compiled as well
  const isCompiled = import.meta.url.includes('/dist/test/');
  return fileURLToPath(new URL(`${isCompiled ? '..' : '../../dist/test'}/${name}.js`, import.meta.url));
}
