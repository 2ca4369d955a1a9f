import { InvalidOptionsError, OptionFaults } from '@safesync/core';
import type { DbConnectionOptions } from '@safesync/db';

export interface DatabaseAddress {
  readonly connection: DbConnectionOptions;
  /** `user@host:port/database`: the address without its password, for messages. */
  readonly shown: string;
}

const DEFAULT_PORT = 3306;
const EXAMPLE = 'mysql://user:password@host:3306/database';

/** Reads `mysql://user:password@host:port/database`. Throws `InvalidOptionsError`, which repeats nothing of the text. */
export function parseDatabaseUrl(text: string | undefined): DatabaseAddress {
  if (!text) throw refused(`neither --url nor MYSQL_URL is given; give one of them: ${EXAMPLE}`);
  if (!URL.canParse(text)) throw refused(UNREADABLE);
  const url = new URL(text);
  requireForm(url);
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decode);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || DEFAULT_PORT;
  return {
    connection: { host, port, user, password, database },
    shown: `${user}@${url.hostname}:${port}/${database}`,
  };
}

const SUBJECT = 'The database URL';
const UNREADABLE = `it is not of the form ${EXAMPLE}; percent-encode special characters of user and password`;

const refused = (fault: string): InvalidOptionsError => new InvalidOptionsError(SUBJECT, [fault]);

function requireForm({ protocol, hostname, username, pathname, search, hash }: URL): void {
  new OptionFaults(SUBJECT)
    .require(protocol === 'mysql:', 'it does not start with mysql://, the only scheme that is known')
    .require(hostname !== '', 'it names no host')
    .require(username !== '', 'it names no user')
    .require(pathname.length > 1, 'it names no database; end it with /database')
    // a password with a slash in it would be taken for port and database, and shown
    .require(
      !/[/@]/.test(pathname.slice(1)),
      'a / or @ is in the name of the database; in a password they are %2F and %40',
    )
    .require(
      search === '' && hash === '',
      'a ? or # is in it; it takes no parameters, and in a password they are %3F and %23',
    )
    .throwIfAny();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused(UNREADABLE);
  }
}
