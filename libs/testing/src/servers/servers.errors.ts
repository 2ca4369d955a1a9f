import { SafeSyncError } from '@safesync/core';

/** What was tried for one server, in the order of the launcher, each with the reason it did not serve. */
export interface ServerSearch {
  /** `MySQL` or `Redis`. */
  readonly name: string;
  /** `MYSQL_URL` or `REDIS_URL`. */
  readonly variable: string;
  /** Debian's and Homebrew's way of getting the executable. */
  readonly install: string;
  readonly tried: readonly string[];
}

/** No server was given, none is installed, and none could be obtained. */
export class ServersNotFoundError extends SafeSyncError {
  constructor(readonly searches: readonly ServerSearch[]) {
    const what = searches.map((s) => `No ${s.name} server was found:\n${s.tried.map((t) => `  - ${t}`).join('\n')}\n`);
    const choices = searches.map((s) => `set ${s.variable} to a running server, or install one (${s.install})`);
    super(what.join(''), {
      code: 'SERVERS_NOT_FOUND',
      remedy: `Choices: ${choices.join('; ')}; or start docker with its compose plugin.`,
    });
  }
}

/** A server named by the environment does not answer. */
export class ServerUnreachableError extends SafeSyncError {
  constructor(
    readonly variable: string,
    address: string,
    reason: string,
  ) {
    super(`${variable} names ${address}, which does not answer: ${reason}.`, {
      code: 'SERVER_UNREACHABLE',
      remedy: `Start that server, correct ${variable}, or unset it to have a private server started.`,
    });
  }
}

/** A private server could not be prepared or did not become ready; the message ends with the tail of its log. */
export class ServerStartError extends SafeSyncError {
  constructor(name: string, reason: string, logFile: string, logTail: string) {
    super(`${name} did not start: ${reason}.`, {
      code: 'SERVER_START_FAILED',
      remedy: `Its log is ${logFile}${logTail === '' ? ' (empty).' : `, which ends:\n${logTail}`}`,
    });
  }
}

/** The data folder belongs to servers that another living process started. */
export class DataFolderInUseError extends SafeSyncError {
  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by the servers of process ${pid}.`, {
      code: 'DATA_FOLDER_IN_USE',
      remedy: 'Stop that process, name another dataDir, or ask for fresh data, which gets a folder of its own.',
    });
  }
}

/** The distribution's package tool was asked for a server and failed. */
export class PackageInstallError extends SafeSyncError {
  constructor(packages: string, outputTail: string) {
    super(`apt-get could not install ${packages}. Its output ends:\n${outputTail}\n`, {
      code: 'PACKAGE_INSTALL_FAILED',
      remedy: 'Repair apt, or set MYSQL_URL and REDIS_URL to running servers.',
    });
  }
}
