import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findExecutable, pathFolders, runCommand, tailOf } from './command.js';
import type { DataFolder } from './data-folder.js';
import type { ServerCommand, ServerKind } from './server-kind.js';
import { ServerStartError } from './servers.errors.js';

/** The first start may have to fetch the image. */
export const COMPOSE_READY_MS = 600_000;

const ANSWER_MS = 10_000;

/** The docker command to use, or why there is none. */
export type ComposeSearch = { readonly docker: string } | { readonly reason: string };

/** Looks for docker with its compose plugin and a daemon that answers. */
export async function findCompose(env: NodeJS.ProcessEnv): Promise<ComposeSearch> {
  const docker = await findExecutable('docker', pathFolders(env));
  if (docker === undefined) return { reason: 'no docker on the PATH' };
  const plugin = await runCommand(docker, ['compose', 'version'], { env, timeoutMs: ANSWER_MS });
  if (plugin.code !== 0) return { reason: `${docker} has no compose plugin` };
  const daemon = await runCommand(docker, ['info'], { env, timeoutMs: ANSWER_MS });
  return daemon.code === 0 ? { docker } : { reason: `the daemon of ${docker} does not answer` };
}

/** One server as a compose project of its own, named after its folder. */
export class ComposeProject {
  private constructor(
    private readonly docker: string,
    private readonly project: readonly string[],
    private readonly kind: ServerKind,
    private readonly logFile: string,
  ) {}

  static async write(
    docker: string,
    kind: ServerKind,
    folder: DataFolder,
    port: number,
    args: readonly string[],
  ): Promise<ComposeProject> {
    const { image, environment, command, volume, port: inside } = kind.container;
    const service = {
      image,
      environment,
      command: [...command, ...args],
      ports: [`127.0.0.1:${port}:${inside}`],
      volumes: [`data:${volume}`],
    };
    const file = join(folder.path, 'compose.json');
    await mkdir(folder.path, { recursive: true });
    await writeFile(file, JSON.stringify({ services: { [kind.key]: service }, volumes: { data: {} } }));
    const name = `safesync-${createHash('sha256').update(folder.path).digest('hex').slice(0, 12)}`;
    return new ComposeProject(docker, ['compose', '--project-name', name, '--file', file], kind, folder.logFile);
  }

  /** Stays in the foreground as long as the container runs; SIGTERM ends both. */
  get command(): ServerCommand {
    return { command: this.docker, args: [...this.project, 'up', '--abort-on-container-exit', '--no-color'] };
  }

  /** Removes container, network and, with `data`, the volume. */
  removal(data: boolean): readonly string[] {
    return [this.docker, ...this.project, 'down', '--timeout', '1', ...(data ? ['--volumes'] : [])];
  }

  async kill(): Promise<void> {
    await this.run([this.docker, ...this.project, 'kill', this.kind.key]);
  }

  async remove(data: boolean): Promise<void> {
    await this.run(this.removal(data));
  }

  private async run([command = this.docker, ...args]: readonly string[]): Promise<void> {
    const { code, output } = await runCommand(command, args, { timeoutMs: 60_000 });
    if (code === 0) return;
    const reason = `\`${command} ${args.join(' ')}\` ended with ${code}`;
    throw new ServerStartError(`${this.kind.name} in docker`, reason, this.logFile, tailOf(output));
  }
}
