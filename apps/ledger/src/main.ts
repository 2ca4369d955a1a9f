import { Logger } from '@nestjs/common';
import { readLedgerConfig } from './config/ledger.config.js';
import { runProgram } from './startup/run-program.js';
import { startLedger } from './startup/start-ledger.js';

runProgram(async () => {
  const config = readLedgerConfig();
  const app = await startLedger(config);
  // Nest names the wildcard address in the form of version 6, which few people paste gladly
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  new Logger('Ledger').log(`The ledger listens on ${url} as ${config.role}.`);
  // a parent process, where there is one, learns the address and takes this process with it
  process.send?.({ url });
  process.once('disconnect', () => void app.close());
});
