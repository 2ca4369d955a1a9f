import { Logger } from '@nestjs/common';
import { readLedgerConfig } from './config/ledger.config.js';
import { runProgram } from './startup/run-program.js';
import { startLedger } from './startup/start-ledger.js';

runProgram(async () => {
  const config = readLedgerConfig();
  const app = await startLedger(config);
  const url = await app.getUrl();
  new Logger('Ledger').log(`The ledger listens on ${url} as ${config.role}.`);
  // a parent process, where there is one, learns the address and takes this process with it
  process.send?.({ url });
  process.once('disconnect', () => void app.close());
});
