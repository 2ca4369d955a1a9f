import { fuzz } from './cases/fuzz.js';
import { poison } from './cases/poison.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(fuzz, ['fuzzed entries', 'control: acknowledged anyway']);

// those that throw, and what only the database can end
describeFaultCase(
  poison,
  [
    'throws an error',
    'throws null',
    'throws a text',
    'throws a frozen error',
    'throws what cannot be read',
    'control: delivered for ever',
  ],
  { only: 'throws' },
);

describeFaultCase(poison, ['ends the process', 'control: delivered for ever'], { only: 'ends the process' });
