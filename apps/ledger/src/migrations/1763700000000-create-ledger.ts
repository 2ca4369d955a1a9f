import type { MigrationInterface, QueryRunner } from 'typeorm';

const NAME = 'VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const UUID = 'CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const MONEY = 'DECIMAL(18,2) NOT NULL';

/**
 * The tables of the ledger. No foreign keys: checking one takes a shared lock on the account before the handler takes its
 * exclusive one, and two transfers of one account would then wait for each other. MySQL commits every CREATE TABLE by itself,
 * so each one is written to be run again after an interruption.
 */
export class CreateLedger1763700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // bookings counts the times a balance was moved, so that an auditor can tell a doubled effect from a lost one
    await runner.query(`CREATE TABLE IF NOT EXISTS account (
      id ${NAME} PRIMARY KEY,
      opening ${MONEY},
      balance ${MONEY},
      bookings BIGINT NOT NULL DEFAULT 0
    ) ENGINE=InnoDB`);
    await runner.query(`CREATE TABLE IF NOT EXISTS transfer (
      id ${UUID} PRIMARY KEY,
      from_account ${NAME},
      to_account ${NAME},
      amount ${MONEY},
      status ENUM('completed', 'rejected') NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
    ) ENGINE=InnoDB`);
    await runner.query(`CREATE TABLE IF NOT EXISTS account_activity (
      account_id ${NAME} PRIMARY KEY,
      volume ${MONEY} DEFAULT 0,
      version BIGINT NOT NULL DEFAULT 0
    ) ENGINE=InnoDB`);
    await runner.query(`CREATE TABLE IF NOT EXISTS review_case (
      number INT NOT NULL PRIMARY KEY,
      account_id ${NAME},
      opened_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
      UNIQUE KEY one_per_account (account_id)
    ) ENGINE=InnoDB`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['review_case', 'account_activity', 'transfer', 'account']) {
      await runner.query(`DROP TABLE IF EXISTS ${table}`);
    }
  }
}
