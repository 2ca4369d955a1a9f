import { findBinary } from './binary-search.js';
import { findCompose } from './compose.js';
import { installPackages } from './distribution-packages.js';
import { askGivenServer } from './given-server.js';
import type { ServerBinary, ServerKind } from './server-kind.js';
import { type ServerSearch, ServersNotFoundError } from './servers.errors.js';

/** Where a server comes from. */
export type ServerSource =
  | { readonly from: 'environment'; readonly url: string; readonly version: string }
  | { readonly from: 'binary'; readonly binary: ServerBinary }
  | { readonly from: 'compose'; readonly docker: string };

export interface SourceOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folders searched after the PATH. */
  readonly folders: readonly string[] | undefined;
  /** Whether packages may be installed. */
  readonly install: boolean;
  readonly onProgress: (line: string) => void;
}

/** One search: what was found so far, or what was tried in vain. */
interface Search {
  readonly kind: ServerKind;
  readonly tried: string[];
  source?: ServerSource;
}

/**
 * Finds a source for every kind, in this order: the environment's URL, an installed executable, docker compose, the
 * distribution's packages. Rejects with `ServersNotFoundError`, which names everything that was tried.
 */
export async function findSources(kinds: readonly ServerKind[], options: SourceOptions): Promise<ServerSource[]> {
  const searches: Search[] = kinds.map((kind) => ({ kind, tried: [] }));
  for (const step of [fromEnvironment, fromBinary, fromCompose, fromPackages]) {
    const open = searches.filter((search) => !search.source);
    if (open.length > 0) await step(open, options);
  }
  const failed = searches.filter((search) => !search.source);
  if (failed.length > 0) throw new ServersNotFoundError(failed.map(report));
  return searches.flatMap((search) => search.source ?? []);
}

async function fromEnvironment(searches: readonly Search[], { env }: SourceOptions): Promise<void> {
  for (const search of searches) {
    const { variable } = search.kind;
    const url = env[variable];
    if (url) search.source = { from: 'environment', url, version: (await askGivenServer(search.kind, url)).version };
    else search.tried.push(`${variable} is not set`);
  }
}

async function fromBinary(searches: readonly Search[], { env, folders }: SourceOptions): Promise<void> {
  for (const search of searches) {
    const found = await findBinary(search.kind, env, folders);
    if ('binary' in found) search.source = { from: 'binary', binary: found.binary };
    else search.tried.push(found.reason);
  }
}

async function fromCompose(searches: readonly Search[], { env }: SourceOptions): Promise<void> {
  const found = await findCompose(env);
  for (const search of searches) {
    if ('docker' in found) search.source = { from: 'compose', docker: found.docker };
    else search.tried.push(found.reason);
  }
}

async function fromPackages(searches: readonly Search[], options: SourceOptions): Promise<void> {
  const packages = searches.flatMap(({ kind }) => kind.packages);
  const refusal = options.install
    ? await installPackages(packages, options.env, options.onProgress)
    : 'packages: not asked to install any';
  if (refusal === undefined) return fromBinary(searches, options);
  for (const search of searches) search.tried.push(refusal);
}

function report({ kind, tried }: Search): ServerSearch {
  return { name: kind.name, variable: kind.variable, install: kind.install, tried };
}
