import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServerBinary } from '../server-kind.js';

/** Where an installation keeps what the server reads besides its own executable. */
export interface MysqlLayout {
  readonly base: string;
  /** Messages, character sets and, for MariaDB, the system tables' SQL. */
  readonly share: string;
  /** Undefined where the server's compiled-in default is as good. */
  readonly plugins: string | undefined;
}

/**
 * Found from the executable's own place, so that an installation unpacked into any folder works; undefined when nothing near
 * it looks like one, and the compiled-in paths must do.
 */
export function mysqlLayout(binary: ServerBinary): MysqlLayout | undefined {
  const root = dirname(dirname(realpathSync(binary.path)));
  const shares = binary.product === 'MariaDB' ? ['share/mariadb', 'share/mysql', 'share'] : ['share/mysql', 'share'];
  for (const base of [root, join(root, 'usr')]) {
    const share = shares.map((name) => join(base, name)).find((path) => isShare(path, binary));
    if (share === undefined) continue;
    const plugins = ['lib/mysql/plugin', 'lib64/mysql/plugin', 'lib/plugin'].map((name) => join(base, name));
    return { base, share, plugins: plugins.find(existsSync) };
  }
  return undefined;
}

export function layoutArguments(layout: MysqlLayout | undefined): string[] {
  if (!layout) return [];
  const args = [
    `--basedir=${layout.base}`,
    `--lc-messages-dir=${layout.share}`,
    `--character-sets-dir=${join(layout.share, 'charsets')}`,
  ];
  return layout.plugins === undefined ? args : [...args, `--plugin-dir=${layout.plugins}`];
}

function isShare(path: string, binary: ServerBinary): boolean {
  if (!existsSync(join(path, 'charsets', 'Index.xml'))) return false;
  return binary.product === 'MySQL' || readdirSync(path).some((name) => name.endsWith('_system_tables.sql'));
}
