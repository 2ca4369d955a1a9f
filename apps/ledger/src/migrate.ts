import { readLedgerConfig } from './config/ledger.config.js';
import { migrate } from './migrations/migrate.js';
import { runProgram } from './startup/run-program.js';

runProgram(async () => {
  const names = await migrate(readLedgerConfig().mysqlUrl);
  process.stdout.write(names.length > 0 ? `Ran ${names.join(', ')}.\n` : 'Nothing to migrate.\n');
});
