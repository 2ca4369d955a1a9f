import { Injectable } from '@nestjs/common';
import type { DbSession } from '../session/db-session.js';
import { DbSessions } from '../session/db-sessions.js';
import type { Row } from '../session/server-reply.js';
import type { InSession } from './in-session.js';
import { Table } from './table.js';
import { TableColumns } from './table-columns.js';

/** Tables by name: `tables.of('orders').insert({...})`. */
@Injectable()
export class Tables {
  private readonly columns = new TableColumns();

  constructor(private readonly sessions: DbSessions) {}

  /**
   * The table `name` (or `schema.name`). With a session every call is part of it. Without one every call is a session of its
   * own, which throws `NestedSessionError` inside of another: a write that is meant to belong to a transaction cannot miss it.
   */
  of<R extends object = Row>(name: string, session?: DbSession): Table<R> {
    const given: InSession | undefined = session && ((work) => work(session));
    return new Table(name, given ?? ((work) => this.sessions.run(work)), this.columns);
  }
}
