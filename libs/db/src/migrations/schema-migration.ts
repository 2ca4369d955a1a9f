/**
 * A migration that sends fixed texts and reads no answer, so that the same texts can be run, by TypeORM too, and printed. Running them
 * again does no harm: DDL is not transactional, and whoever runs them may be killed before it is recorded.
 */
export interface SchemaMigration {
  /** Ends in its timestamp, as TypeORM asks for. */
  readonly name: string;
  /** What is there afterwards. */
  readonly table: TableShape;
  up(sender: TextSender): Promise<void>;
  down(sender: TextSender): Promise<void>;
}

/** Columns that a table has at least, each with its type as `information_schema` names it. */
export interface TableShape {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** As much of TypeORM's QueryRunner as a migration may use. */
export interface TextSender {
  query(text: string): Promise<void>;
}
