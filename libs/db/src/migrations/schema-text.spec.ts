import { DB_MIGRATIONS } from './db-migrations.js';
import { recordText, schemaSql, textsOf } from './schema-text.js';

const migrations = DB_MIGRATIONS.map((Migration) => new Migration());

describe('schema text', () => {
  it.each(migrations.map((migration) => [migration.name, migration] as const))(
    'of %s is what its class sends, and may be sent again',
    async (name, migration) => {
      const texts = await textsOf(migration);
      expect(texts).toEqual([expect.stringMatching(`^CREATE TABLE IF NOT EXISTS ${migration.table.name} `)]);
      expect(await schemaSql(migrations, 'migrations')).toContain(`-- ${name}\n${texts[0]};\n`);
    },
  );

  it('records a migration under its name and timestamp', () => {
    const [first] = migrations;
    expect(first && recordText(first, 'own')).toBe(
      "INSERT INTO `own` (`timestamp`, `name`) SELECT 1764000000000, 'CreateSafesyncCommit1764000000000' FROM DUAL " +
        "WHERE NOT EXISTS (SELECT 1 FROM `own` WHERE `name` = 'CreateSafesyncCommit1764000000000')",
    );
  });

  it('refuses names that would have to be escaped', async () => {
    await expect(schemaSql(migrations, 'a`b')).rejects.toThrow(/not a plain identifier/);
  });
});
