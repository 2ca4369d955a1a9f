import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pattern of the command that runs a script of the queue (`ack` for `ack.script.ts`), by digest or by text. */
export function scriptPattern(name: string): string {
  const file = join(process.cwd(), 'libs', 'queue', 'src', 'stream', 'scripts', `${name}.script.ts`);
  const [, source = ''] = /redisScript\(`(.*?)`\)/s.exec(readFileSync(file, 'utf8')) ?? [];
  const sha = createHash('sha1').update(source).digest('hex');
  return `^(EVALSHA ${sha}|EVAL ${source.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}) `;
}
