import { Column, DataSource, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import type { Session, SessionSetup } from '../session/session-contender.js';

@Entity('accounts')
export class Account {
  @PrimaryColumn('bigint')
  id!: number;

  /** A BIGINT is a string in TypeORM. */
  @Column('bigint')
  balance!: string;
}

/** `work` in `dataSource.transaction`, as TypeORM's documentation has it. */
export async function openTypeorm(
  { mysqlUrl, concurrency }: SessionSetup,
  work: (manager: EntityManager, account: number) => Promise<unknown>,
): Promise<Session> {
  const dataSource = new DataSource({ type: 'mysql', url: mysqlUrl, poolSize: concurrency, entities: [Account] });
  await dataSource.initialize();
  return (account) => dataSource.transaction(async (manager) => void (await work(manager, account)));
}
