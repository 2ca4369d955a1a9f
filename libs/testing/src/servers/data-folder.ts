import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../waiting/eventually.js';
import { identityOf, isAlive, type ProcessIdentity, sendSignal } from './process-identity.js';
import { DataFolderInUseError } from './servers.errors.js';

/** Who uses a data folder: the launching process and, once started, the server's. */
interface Owner {
  readonly launcher: ProcessIdentity;
  readonly server?: ProcessIdentity;
}

const OWNER_FILE = 'owner.json';
const FRESH_NAME = /^(mysql|redis)-[0-9a-f]{8}$/;
/** The watchdog of a dead launcher gives its server 10 s to end. */
const WATCHDOG_MS = 15_000;

/** One server's folder, claimed by this process: no two living launchers hold the same one. */
export class DataFolder {
  private constructor(
    readonly path: string,
    readonly isFresh: boolean,
    private readonly launcher: ProcessIdentity,
  ) {}

  get dataFolder(): string {
    return join(this.path, 'data');
  }

  get logFile(): string {
    return join(this.path, 'server.log');
  }

  /** A new empty folder below `parent`, gone after `release`. Removes such folders of launchers that died. */
  static async fresh(parent: string, key: string): Promise<DataFolder> {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    return DataFolder.claim(join(parent, `${key}-${randomBytes(4).toString('hex')}`), true);
  }

  /** The folder `parent/key` with the data it holds. Waits for, or ends, the server of a launcher that died. */
  static async lasting(parent: string, key: string): Promise<DataFolder> {
    return DataFolder.claim(join(parent, key), false);
  }

  private static async claim(path: string, isFresh: boolean): Promise<DataFolder> {
    await mkdir(path, { recursive: true });
    const launcher = identityOf(process.pid);
    if (!launcher)
      throw new Error(`Process ${process.pid} cannot be identified: neither /proc nor ps tells when it started.`);
    for (;;) {
      if (await createExclusively(join(path, OWNER_FILE), { launcher })) return new DataFolder(path, isFresh, launcher);
      await evictDeadOwner(path);
    }
  }

  /** Remembers the server's process, so that a later launch can end it should everybody else be dead. */
  async recordServer(pid: number): Promise<void> {
    const owner: Owner = { launcher: this.launcher, server: identityOf(pid) };
    const next = join(this.path, `${OWNER_FILE}.next`);
    await writeFile(next, JSON.stringify(owner));
    await rename(next, join(this.path, OWNER_FILE));
  }

  /** Gives the folder up; fresh data is removed. */
  async release(): Promise<void> {
    await rm(this.isFresh ? this.path : join(this.path, OWNER_FILE), { recursive: true, force: true });
  }
}

/** The file appears with its content or not at all: a reader never meets half of it. */
async function createExclusively(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, JSON.stringify(owner));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

async function evictDeadOwner(path: string): Promise<void> {
  const owner = await readOwner(path);
  if (owner && isAlive(owner.launcher)) throw new DataFolderInUseError(path, owner.launcher.pid);
  if (owner?.server) await endOrphan(owner.server);
  await rm(join(path, OWNER_FILE), { force: true });
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8')) as Owner;
  } catch {
    return undefined; // given up in the meantime
  }
}

async function endOrphan(server: ProcessIdentity): Promise<void> {
  const deadline = performance.now() + WATCHDOG_MS;
  const gone = (): boolean => {
    if (!isAlive(server)) return true;
    if (performance.now() > deadline) sendSignal(server.pid, 'SIGKILL');
    return false;
  };
  await eventually(gone, {
    what: `end of server process ${server.pid}, whose launcher died`,
    withinMs: 2 * WATCHDOG_MS,
  });
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of (await readdir(parent)).filter((entry) => FRESH_NAME.test(entry))) {
    const path = join(parent, name);
    const owner = await readOwner(path);
    if (!owner || isAlive(owner.launcher) || (owner.server && isAlive(owner.server))) continue;
    await rm(path, { recursive: true, force: true });
  }
}
