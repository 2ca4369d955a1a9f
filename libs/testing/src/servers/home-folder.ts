import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** `.data` of the working folder, made when absent; it keeps itself out of version control. */
export async function homeFolder(): Promise<string> {
  const folder = resolve('.data');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, '.gitignore'), '*\n');
  return folder;
}
