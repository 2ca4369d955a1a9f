import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { NAMES, recorded } from './recorded.js';
import { PROGRAM, safesync, start } from './safesync.js';

const manifest = JSON.parse(readFileSync(join(__dirname, '../../libs/cli/package.json'), 'utf8'));

describe('the program safesync', () => {
  it('lists its commands with --help', async () => {
    const { code, out, err } = await safesync(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Usage: safesync /);
    for (const command of ['migrate', 'status', 'sql']) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });

  it.each([
    ['migrate', ['--url', '--table', '--wait']],
    ['status', ['--url', '--table', '--json']],
    ['sql', ['--url', '--table', '--pending']],
  ])('lists the options of %s with --help after it', async (command, options) => {
    const { code, out } = await safesync([command, '--help']);
    expect(code).toBe(0);
    for (const option of options) expect(out).toMatch(new RegExp(`^ {2}${option}\\b`, 'm'));
  });

  it('says its version', async () => {
    expect(await safesync(['--version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
  });

  it('is the file that the package names', () => {
    expect(PROGRAM).toBe(join(__dirname, '../../libs/cli', manifest.bin.safesync));
    expect(readFileSync(PROGRAM, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it.each([
    ['nothing at all', [], /Usage: safesync/],
    ['an unknown command', ['migrat'], /safesync: unknown command 'migrat'/],
    ['an unknown option', ['status', '--jsn'], /safesync: unknown option '--jsn'/],
    ['an argument too much', ['status', 'now'], /safesync: too many arguments/],
    ['a wait that is no number', ['migrate', '--wait', 'long'], /Give whole seconds from 0 to 86400/],
    ['a wait below zero', ['migrate', '--wait=-1'], /Give whole seconds from 0 to 86400/],
    ['a table that cannot be one', ['sql', '--table', 'a`b'], /letters, digits and underscores/],
    ['no database', ['migrate'], /neither --url nor MYSQL_URL is given/],
  ])('exits with 2 when it is given %s', async (_what, args, says) => {
    const { code, out, err } = await safesync(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(says);
  });

  it.each(['migrate', 'status'])('exits with 2 when %s is given an empty MYSQL_URL', async (command) => {
    expect(await safesync([command], '')).toMatchObject({ code: 2 });
  });

  describe('whose output goes', () => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await createTestDatabase();
    });
    afterEach(() => database?.drop());

    it('to a reader that has read enough does all its work', async () => {
      const { process: child, ended } = start(['migrate'], database.url);
      child.stdout?.destroy();
      child.stderr?.destroy();
      await ended.catch(() => undefined);
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(0);
      expect(await recorded(database)).toEqual(NAMES);
    });
  });

  it('exits with 1 when its output cannot be written', async () => {
    const readOnly = openSync(PROGRAM, 'r');
    const child = spawn(process.execPath, [PROGRAM, 'sql'], { stdio: ['ignore', readOnly, 'ignore'] });
    expect(await once(child, 'exit')).toEqual([1, null]);
    closeSync(readOnly);
  });
});
