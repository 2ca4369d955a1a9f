import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Stands in for `docker compose` where there is no daemon: understands the commands that the launcher gives, runs the service's
 * command as a plain process on the published port, and keeps a journal of what it was asked.
 */
interface Service {
  command: string[];
  ports: string[];
}

const [home = '', ...words] = process.argv.slice(2);
const volume = join(home, 'volume');
const pidFile = join(home, 'pid');
appendFileSync(join(home, 'journal'), `${words.filter((word) => !word.includes('/')).join(' ')}\n`);

function service(): Service {
  const file = words[words.indexOf('--file') + 1] as string;
  const compose = JSON.parse(readFileSync(file, 'utf8')) as { services: Record<string, Service> };
  return Object.values(compose.services)[0] as Service;
}

function up(): void {
  const { command, ports } = service();
  const port = ports[0]?.split(':')[1] as string;
  mkdirSync(volume, { recursive: true });
  const [program = '', ...args] = command;
  const child = spawn(program, [...args, '--dir', volume, '--port', port], { stdio: 'inherit' });
  writeFileSync(pidFile, String(child.pid));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => process.exit(code ?? 137));
}

if (words.includes('up')) up();
if (words.includes('kill')) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
if (words.includes('--volumes') && existsSync(volume)) rmSync(volume, { recursive: true });
