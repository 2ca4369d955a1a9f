import { join } from 'node:path';
import { WorkerProcess } from '@safesync/testing';

const DEMO = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'demo', 'main.js');

/** Runs the compiled demo on the servers of this run of the suite. */
async function demo(...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = await WorkerProcess.spawn(DEMO, { args });
  const { code } = await program.exit();
  return { code, output: program.lines.join('\n') };
}

describe('npm run demo', () => {
  it('ends with 0 and a table in which nothing is lost or doubled, one worker killed', async () => {
    const { code, output } = await demo('--transfers', '300');
    expect(output).toContain('kill -9 for worker 2');
    expect(output).toMatch(/transfers accepted by HTTP +300\n/);
    expect(output).toMatch(/processed +300\n/);
    expect(output).toMatch(/dead letters +16 of 16 expected\n/);
    expect(output).toMatch(/accounts equal to the model +200\/200\n/);
    expect(output).toMatch(/lost +0\n/);
    expect(output).toMatch(/doubled +0\n/);
    expect(output).toContain('Every invariant holds.');
    expect(code).toBe(0);
  }, 120_000);

  it('replaces the only worker', async () => {
    const { code, output } = await demo('--transfers', '100', '--workers', '1');
    expect(output).toContain('kill -9 for worker 1');
    expect(code).toBe(0);
  }, 120_000);

  it('ends with 1 and names the broken invariant when a worker acknowledges before it commits', async () => {
    const { code, output } = await demo('--transfers', '300', '--sabotage', 'ack-before-commit');
    expect(output).toContain('between its acknowledgement and its commit');
    expect(output).toMatch(/BROKEN INVARIANT: NOTHING LOST: 1 \([0-9a-f-]{36}\) was accepted and never booked/);
    expect(output).not.toContain('Every invariant holds.');
    expect(code).toBe(1);
  }, 120_000);

  it('explains itself', async () => {
    const { code, output } = await demo('--help');
    expect(output).toContain('--sabotage ack-before-commit');
    expect(code).toBe(0);
  });

  it('refuses an unknown flag by its name', async () => {
    const { code, output } = await demo('--transfer', '3');
    expect(output).toContain("Unknown option '--transfer'");
    expect(code).toBe(2);
  });
});
